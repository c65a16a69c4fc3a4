"""The dossier: numbered pieces that a lawyer files, made from the record at one checkpoint."""

from monitor.dossier.dossier_files import DossierFile, DossierSummary
from monitor.dossier.dossier_question import (
    DossierQuestion,
    DossierReader,
    DossierRefused,
    dossier_code,
    incident_targets,
    is_dossier_code,
    named_scope,
    named_targets,
)

__all__ = [
    "DossierFile",
    "DossierQuestion",
    "DossierReader",
    "DossierRefused",
    "DossierSummary",
    "dossier_code",
    "incident_targets",
    "is_dossier_code",
    "named_scope",
    "named_targets",
]

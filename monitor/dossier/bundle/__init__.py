"""The bundle beside the pieces: what an expert needs to verify them without us, in one WACZ file.

archive/…              the bytes that were exchanged (WARC), of these pages and this span
indexes/, pages/       what a replay program needs
preuve/                as `vigie export` writes it, with an extract in place of all leaves
datapackage.json       the digest of each file
"""

from monitor.dossier.bundle.bundle_writer import BundleQuestion, write_bundle
from monitor.dossier.bundle.dossier_bundle import DossierBundle

__all__ = ["BundleQuestion", "DossierBundle", "write_bundle"]

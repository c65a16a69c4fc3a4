"""The pages of a survey, as HTML without script: every value is escaped.

The report is one file that fetches nothing.
"""

from pathlib import Path

import jinja2

from monitor.core.french.formatting import when
from monitor.core.french.typesetting import typeset
from monitor.core.state_looks import STATE_LOOKS
from monitor.core.untrusted.printable import printable
from monitor.survey.surprise import KIND_WORDS
from monitor.survey.survey_report import CLASS_WORDS, SurveyReport
from monitor.web.templating import Typesetting


def _shown(value: object) -> object:
    """Escape what a text hides: a mark of direction in an address or a certificate's name."""
    return printable(value) if type(value) is str else value


TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    finalize=_shown,
    extensions=[Typesetting],
)
TEMPLATES.filters["typeset"] = typeset
TEMPLATES.globals["looks"] = STATE_LOOKS


def report_page(report: SurveyReport) -> str:
    """Return the whole page."""
    own = report.own_side
    parts = (
        ("Témoin", own.controls),
        ("Résolveur", own.resolvers),
        ("Serveur de temps", own.clocks),
        ("Autorité d’horodatage", own.authorities),
    )
    return TEMPLATES.get_template("survey.html").render(
        report=report,
        own_parts=parts,
        names={one.reading.target.slug: one.reading.target.name for one in report.targets},
        kinds=KIND_WORDS,
        standings=CLASS_WORDS,
        when=when,
    )

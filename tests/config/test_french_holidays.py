"""The public holidays of France, and what asking for them costs."""

import subprocess
import sys
from datetime import date

from monitor.config.fields.french_holidays import holidays_of


def test_the_public_holidays_are_those_of_the_labour_code() -> None:
    """Neither Good Friday nor 26 December: those are of Alsace and Moselle."""
    assert {
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    } == holidays_of(2026)


def test_the_service_starts_without_the_library_of_holidays() -> None:
    """It costs half a second and some 40 MB: whoever asks for figures pays, once."""
    code = "import sys, monitor.app, monitor.cli.service; assert 'holidays' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)

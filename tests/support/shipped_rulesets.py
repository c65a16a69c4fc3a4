"""The rulesets that come with the program, and one that changes nothing."""

from pathlib import Path

from monitor.config.files.ruleset_file import RULESETS_SHIPPED, load_ruleset
from monitor.core.model import Verdict
from monitor.core.verdict.rulesets import Confirmation, Line, Ruleset, WithOwn

FOLDER = Path(__file__).parents[2] / "config" / "rulesets"
SHIPPED = {name: load_ruleset(FOLDER / f"{name}.toml") for name in RULESETS_SHIPPED}
# Hardest and easiest of these and of any policy is that policy.
AS_RECORDED = Ruleset(
    slug="as-recorded",
    version="1",
    name="Rien ne change",
    summary="Pour les essais.",
    lines=tuple(
        Line(verdict=verdict, counts_as=verdict, why="comme enregistré") for verdict in Verdict
    ),
    confirmation=Confirmation(
        with_own=WithOwn.HARDEST, failures=1, failing_s=0, successes=10**9, recovering_s=10**9,
        silence_s=10**9, why="comme enregistré",
    ),
    sha256="0" * 64,
)  # fmt: skip

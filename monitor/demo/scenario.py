"""The timetable of the demo: which site does what, when, and what a right monitor says."""

from dataclasses import dataclass, replace
from enum import StrEnum

from monitor.core.model import Reason, Verdict


class Play(StrEnum):
    """How a site departs from its healthy self."""

    UNAVAILABLE = "unavailable"  # 503
    ERROR_TEXT = "error_text"  # an error page with status 200
    DEAD_ASSET = "dead_asset"  # the shell stands, a script that it names does not
    SLOW = "slow"
    SILENT = "silent"  # takes the request and never answers
    REFUSED = "refused"  # nobody listens
    EXPIRED = "expired"  # certificate past its end
    INCOMPLETE = "incomplete"  # the intermediate certificate is not sent
    WAF = "waf"  # the robot is refused
    MAINTENANCE = "maintenance"
    GONE = "gone"  # the booking page is no more: another page of the site still leads to it
    ROBOTS = "robots"  # robots.txt asks to keep out
    PHONE = "phone"  # the page gives another number, and a new date
    NO_HELP = "no_help"  # the page withdraws a substitute for the online service
    NOISE = "noise"  # tokens and counters: no two answers are alike, and none says anything new
    FLAPPING = "flapping"  # a banner that every other answer shows
    SILENT_CHANGE = "silent_change"  # another amount under the same date
    LINE_CUT = "line_cut"  # ours: no name resolves, nothing answers, controls included
    IPV4_LOST = "ipv4_lost"  # ours: only what has IPv6 answers, hence the controls alone
    LYING_RESOLVER = "lying_resolver"  # ours: it leads every watched site to a page of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One thing that happens. Seconds are counted from the start of the demo.

    Attributes:
        host: The site that plays; empty for our own line.
        targets: Slugs whose checks see it.
        verdict: What a right monitor says; None when it rightly makes no check.
        reason: None with the verdict.
        caption: One line in French for the spectator.

    """

    from_s: float
    to_s: float
    play: Play
    host: str
    targets: tuple[str, ...]
    verdict: Verdict | None
    reason: Reason | None
    caption: str

    def slowed(self, pace: int) -> "Scene":
        """Return the scene `pace` times as late and as long."""
        return replace(self, from_s=self.from_s * pace, to_s=self.to_s * pace)

    def runs(self, second: float) -> bool:
        return self.from_s <= second < self.to_s


ALWAYS = float("inf")


def expected(
    scenes: tuple[Scene, ...], *, target: str, second: float
) -> tuple[Verdict | None, Reason | None]:
    """Return what a check of `target` that starts and ends at `second` must find."""
    seen = [scene for scene in scenes if target in scene.targets and scene.runs(second)]
    if not seen:
        return Verdict.UP, Reason.OK
    last = max(seen, key=lambda scene: scene.from_s)
    return last.verdict, last.reason


def running(scenes: tuple[Scene, ...], *, host: str, second: float) -> Scene | None:
    """Return the scene that `host` plays at `second`: the latest begun, ours included."""
    now = [scene for scene in scenes if scene.host in {host, ""} and scene.runs(second)]
    return max(now, key=lambda scene: scene.from_s, default=None)


def ends_s(scenes: tuple[Scene, ...]) -> float:
    """Return the second at which the last passing scene is over."""
    return max((scene.to_s for scene in scenes if scene.to_s != ALWAYS), default=0.0)

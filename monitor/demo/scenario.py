"""The scenario of the demo: the faults of each site, and the verdict of a correct monitor."""

from dataclasses import dataclass, replace
from enum import StrEnum

from monitor.core.model import Reason, Verdict


class SiteFault(StrEnum):
    """A fault that a site simulates."""

    UNAVAILABLE = "unavailable"  # 503
    ONE_FAILURE = "one_failure"  # 503 to the first request of the scene, and then all is well
    ERROR_TEXT = "error_text"  # an error page with status 200
    DEAD_ASSET = "dead_asset"  # the shell is served, a script that it names is not
    DEAD_API = "dead_api"  # the shell and its scripts are served; what they ask for is not
    SLOW = "slow"
    SILENT = "silent"  # takes the request and never answers
    REFUSED = "refused"  # nobody listens
    EXPIRED = "expired"  # certificate past its end
    INCOMPLETE = "incomplete"  # the intermediate certificate is not sent
    WAF = "waf"  # the robot is refused
    MAINTENANCE = "maintenance"
    GONE = "gone"  # the booking page does not exist any more; another page still links to it
    ROBOTS = "robots"  # robots.txt forbids the page
    PHONE = "phone"  # the page gives another number, and a new date
    NO_HELP = "no_help"  # the page withdraws a substitute for the online service
    NOISE = "noise"  # tokens and counters differ in each answer, and the text does not change
    FLAPPING = "flapping"  # every other answer has a banner
    SILENT_CHANGE = "silent_change"  # another amount under the same date
    LINE_CUT = "line_cut"  # ours: no name resolves, nothing answers, controls included
    IPV4_LOST = "ipv4_lost"  # ours: only hosts with IPv6 answer, which are the controls
    LYING_RESOLVER = "lying_resolver"  # ours: it gives a wrong address for every watched site


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One fault in a period. Seconds are counted from the start of the demo.

    Attributes:
        host: The site; empty for our own line.
        targets: Slugs whose checks it affects.
        verdict: That of a correct monitor; None when it must not check.
        reason: None with the verdict.
        caption: One line of French for the screen.

    """

    from_s: float
    to_s: float
    fault: SiteFault
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
    active = [scene for scene in scenes if target in scene.targets and scene.runs(second)]
    if not active:
        return Verdict.UP, Reason.OK
    last = max(active, key=lambda scene: scene.from_s)
    return last.verdict, last.reason


def running(scenes: tuple[Scene, ...], *, host: str, second: float) -> Scene | None:
    """Return the scene of `host` at `second`: the last one to begin, those of our line included."""
    now = [scene for scene in scenes if scene.host in {host, ""} and scene.runs(second)]
    return max(now, key=lambda scene: scene.from_s, default=None)


def ends_s(scenes: tuple[Scene, ...]) -> float:
    """Return the second at which the last scene that ends is over."""
    return max((scene.to_s for scene in scenes if scene.to_s != ALWAYS), default=0.0)

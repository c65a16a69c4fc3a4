"""The configuration that the bench's service runs on: many targets on a few loopback hosts."""

from dataclasses import dataclass
from pathlib import Path

PER_PLATFORM = 10  # targets that share a budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which targets, how often.

    Attributes:
        targets: At most 60,000, the hosts of two bytes.
        interval_s: Seconds between two checks of a target.

    """

    targets: int
    interval_s: int

    @property
    def hosts(self) -> list[str]:
        """Return one loopback address a platform."""
        count = -(-self.targets // PER_PLATFORM)
        return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(count)]

    @property
    def controls(self) -> list[str]:
        return ["127.2.0.1", "127.2.0.2", "127.2.0.3"]

    def urls(self, port: int) -> list[str]:
        """Return the address of each target."""
        hosts = self.hosts
        return [
            f"https://{hosts[number // PER_PLATFORM]}:{port}/page/{number}"
            for number in range(self.targets)
        ]


def write(plan: Plan, *, folder: Path, port: int, ca: Path) -> None:
    """Write `vigie.toml`, `targets/` and empty fingerprints under `folder`."""
    (folder / "targets").mkdir(parents=True)
    (folder / "fingerprints.toml").write_text("")
    (folder / "milestones.toml").write_text("")
    # Half of a fair share: phases are spread, so a lane is seldom waited for.
    spacing_s = plan.interval_s / PER_PLATFORM / 2
    lines = [
        "[service]",
        'user_agent = "VigieANEF-bench (contact@bench.invalid)"',
        'contact = "contact@bench.invalid"',
        "allow_private = true",
        f'extra_ca = "{ca}"',
        "[publisher]",
        'association = "Bench"',
        'site = "https://bench.invalid/"',
        "[controls]",
        "needed = 1",
    ]
    for number, host in enumerate(plan.controls):
        lines += [
            "[[controls.host]]",
            f'slug = "control-{number}"',
            f'name = "Control {number}"',
            f'url = "https://{host}:{port}/"',
            f'operator = "Operator {number}"',
        ]
    for number, host in enumerate(plan.hosts):
        lines += [
            "[[platform]]",
            f'slug = "platform-{number}"',
            f'name = "Platform {number}"',
            f"spacing_s = {spacing_s}",
            f'hosts = ["{host}"]',
        ]
    (folder / "vigie.toml").write_text("\n".join(lines) + "\n")
    (folder / "targets" / "bench.toml").write_text(_targets(plan, port=port))


def _targets(plan: Plan, *, port: int) -> str:
    lines = ['group = "bench"']
    for number, url in enumerate(plan.urls(port)):
        lane = number // PER_PLATFORM
        lines += [
            "[[target]]",
            f'slug = "target-{number}"',
            f'name = "Target {number}"',
            f'url = "{url}"',
            'kind = "page"',
            f'platform = "platform-{lane}"',
            f"interval_s = {plan.interval_s}",
            f"deadline_s = {plan.interval_s}",
            f"slow_s = {plan.interval_s / 2}",
            'source = "bench"',
            'verified = "yes"',
        ]
    return "\n".join(lines) + "\n"

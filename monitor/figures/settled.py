"""From which checkpoint on nothing that is recorded later changes what is known of a span."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

SETTLED: Final = timedelta(hours=1)  # after the end of a span, its last checks are recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What settles a span.

    Attributes:
        checkpoint: The first one that covers all of it; None when there is none yet.
        unsettled: Watched targets of which no later check says anything of the site yet.

    """

    checkpoint: KeptCheckpoint | None
    unsettled: tuple[str, ...]

    @property
    def settled(self) -> bool:
        return self.checkpoint is not None and not self.unsettled


def settlement(
    store: Store, targets: Iterable[str], until: datetime, *, watched: Collection[str]
) -> Settlement:
    """Return what settles the time of some targets before `until`.

    The checkpoint covers, for each target that is still watched, a check from `until` on that says
    something of the site.
    """
    unsettled, needed = [], -1
    for target in targets:
        leaf = store.settled_by(target, until)
        if leaf is not None:
            needed = max(needed, leaf)
        elif target in watched:
            unsettled.append(target)
    covering = store.checkpoint_over(needed, until + SETTLED)
    return Settlement(checkpoint=covering, unsettled=tuple(unsettled))

"""The leaves that an audit must remember of a long journal, in a temporary file."""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

_RECENT = 2048  # leaves in memory


class ReferencesOnDisk:
    """Leaves that others refer to, by index. The recent ones are in memory."""

    def __init__(self) -> None:
        # "" is a private database that SQLite keeps in a temporary file, once it is large.
        self._kept = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._kept.execute("CREATE TABLE leaf (idx INTEGER PRIMARY KEY, said TEXT)")
        self._kept.execute("BEGIN")
        self._recent: OrderedDict[int, Mapping[str, Any]] = OrderedDict()

    def __setitem__(self, idx: int, leaf: Mapping[str, Any]) -> None:
        text = json.dumps(leaf)
        self._kept.execute("INSERT OR REPLACE INTO leaf VALUES (?, ?)", (idx, text))
        self._hold(idx, leaf)

    def __getitem__(self, idx: int) -> Mapping[str, Any]:
        """Return a leaf. Raises KeyError when none was stored under this index."""
        leaf = self._recent.get(idx)
        if leaf is None:
            row = self._kept.execute("SELECT said FROM leaf WHERE idx = ?", (idx,)).fetchone()
            if row is None:
                raise KeyError(idx)
            leaf = json.loads(row[0])
            self._hold(idx, leaf)
        else:
            self._recent.move_to_end(idx)
        return leaf

    def _hold(self, idx: int, leaf: Mapping[str, Any]) -> None:
        self._recent[idx] = leaf
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def close(self) -> None:
        """Delete the temporary file."""
        self._kept.close()

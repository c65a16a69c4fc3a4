"""The certification authority of the demo: a root, an intermediate, and leaves for each host."""

import ssl
from datetime import datetime, timedelta
from pathlib import Path

from monitor.demo.certificates import issue_authority, issue_leaf, server_context

_DAY = timedelta(days=1)


class DemoAuthority:
    """Issues server certificates that only clients with `ca_path` trust.

    Args:
        folder: Where the root is written; must exist.
        now: Aware instant around which certificates are valid.
        aia_url: Address of the intermediate, for clients of a server that does not send it.

    """

    def __init__(self, *, folder: Path, now: datetime, aia_url: str) -> None:
        self._now = now
        self._aia_url = aia_url
        starts, ends = now - 365 * _DAY, now + 365 * _DAY
        root = issue_authority("Racine de démonstration", starts=starts, ends=ends)
        self._inner = issue_authority(
            "Intermédiaire de démonstration", starts=starts, ends=ends, issuer=root
        )
        self.ca_path = folder / "racine.pem"
        self.ca_path.write_bytes(root.pem)

    @property
    def intermediate_der(self) -> bytes:
        return self._inner.der

    def context(
        self, host: str, *more: str, expired: bool = False, whole_chain: bool = True
    ) -> ssl.SSLContext:
        """Return a server context for a host, and for others on the same machine.

        `expired` gives a leaf that expired yesterday; without `whole_chain` the server sends its
        leaf alone, as misconfigured servers do.
        """
        leaf = issue_leaf(
            self._inner,
            hosts=(host, *more),
            starts=self._now - 90 * _DAY,
            ends=self._now + (-_DAY if expired else 90 * _DAY),
            aia_url=self._aia_url,
        )
        return server_context(leaf, self._inner) if whole_chain else server_context(leaf)

"""When a time-stamp authority or a witness may be asked again."""

from monitor.runtime.clock import Clock


class RetryDelay:
    """Spaces the requests to one party, with exponential back-off while it fails.

    The first request waits too, since the process may have just been restarted.
    """

    def __init__(self, clock: Clock, *, spacing_s: float, longest_s: float) -> None:
        self._clock = clock
        self._spacing_s = spacing_s
        self._longest_s = longest_s
        self._asked_us = clock.monotonic_us()
        self.failures = 0

    @property
    def ready(self) -> bool:
        wait_s = min(self._spacing_s * (1 << self.failures), max(self._longest_s, self._spacing_s))
        return self._clock.monotonic_us() - self._asked_us >= wait_s * 1e6

    def record(self, *, success: bool) -> None:
        """Restart the delay now, after an answer or a failure."""
        self._asked_us = self._clock.monotonic_us()
        self.failures = 0 if success else min(self.failures + 1, 30)

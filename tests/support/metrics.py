"""The text for Prometheus, without a service."""


class FixedMetrics:
    async def metrics(self) -> bytes:
        return b"# HELP x y\n"

    async def probe(self, slug: str) -> bytes:
        return f"probe_success 1\nof {slug}\n".encode()

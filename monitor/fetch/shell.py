"""The scripts and style sheets that a single-page app's shell loads."""

from lxml import etree

from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.fetch.reachable import read_url

MAX_CHARACTERS = 500_000
MAX_REFERENCES = 500
_RELS = frozenset({"stylesheet", "modulepreload"})
# Anti-bot scripts are served beside the app but are no part of the service, and a robot has
# no business there (Imperva; seen on ANEF).
_NOT_THE_SERVICE = "/_incapsula_resource"


def is_service(url: str) -> bool:
    """Return whether an address is a part of the service, not of what guards it."""
    return _NOT_THE_SERVICE not in url.lower()


def assets(page: str, url: str, *, limit: int) -> tuple[str, ...]:
    """Return the scripts and style sheets that a page names on its own host, in order.

    Args:
        page: The HTML text; hostile.
        url: Its address; `<base href>` is applied to it.
        limit: At most so many are returned.

    A shell is short, and names what it needs at its start: no more than `MAX_CHARACTERS` and
    `MAX_REFERENCES` are read.

    """
    collector = _Found()
    parser = etree.HTMLParser(target=collector)  # type: ignore[arg-type] # it calls what there is
    try:
        with reading("page"):
            parser.feed(page[:MAX_CHARACTERS])
            parser.close()
    except Unreadable:  # an empty document is
        return ()
    base = read_url(url)
    root = _joined(base.url, collector.base) or base.url
    urls = (_joined(root, reference) for reference in collector.references)
    own = (asset for asset in urls if asset and read_url(asset).host == base.host)
    return tuple(dict.fromkeys(filter(is_service, own)))[:limit]


class _Found:
    """Collects references while the page is parsed, so that no tree is built."""

    def __init__(self) -> None:
        self.base = ""
        self.references: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.references) >= MAX_REFERENCES:
            return
        match tag:
            case "base" if not self.base:
                self.base = attributes.get("href", "")
            case "script" if attributes.get("src"):
                self.references.append(attributes["src"])
            case "link" if attributes.get("href"):
                if _RELS & set(attributes.get("rel", "").lower().split()):
                    self.references.append(attributes["href"])

    def close(self) -> None:
        pass


def _joined(base: str, reference: str) -> str:
    try:
        return read_url(reference.strip(), base=base).url
    except ValueError:
        return ""

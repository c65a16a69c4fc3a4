"""Links whose text is not their own: pictures, labels, frames, areas."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.core.text import link_normalisation
from monitor.core.text.page import Link
from monitor.core.text.typography import tidy

MOST_LABEL = 300  # characters
_ADDRESS = {"iframe": "src", "embed": "src", "object": "data", "area": "href"}
_TINY = frozenset({"0", "1", "0px", "1px"})
# Frames that measure, advertise or ask whether the visitor is a robot: no content of the page.
_NO_CONTENT = re.compile(
    r"googletagmanager|doubleclick|googlesyndication|adservice|/ads?/|recaptcha|hcaptcha|turnstile"
    r"|facebook\.com/(?:plugins|tr)|platform\.twitter|analytics|pixel|consent|cookie|cmp",
    re.IGNORECASE,
)


@dataclass(slots=True)
class OpenLink:
    """A link while its content is read."""

    target: str
    name: str  # that its attributes give it
    alternatives: list[str] = field(default_factory=list)  # of the pictures in it
    has_text: bool = False

    def label(self) -> str:
        """Return what stands for the text of a link that has none."""
        pictures = " ".join(text for text in self.alternatives if text.strip())
        return (self.name or pictures)[:MOST_LABEL].strip()


def embedded(tag: str, attributes: Mapping[str, str], *, base: str | None) -> Link | None:
    """Return what an element shows of another address, as a link; None when it shows nothing."""
    address = attributes.get(_ADDRESS[tag], "").strip()
    if not address or _TINY & {attributes.get("width"), attributes.get("height")}:
        return None
    target = link_normalisation.target(address, base=base)
    if not target or (tag != "area" and _NO_CONTENT.search(target)):
        return None
    names = (attributes.get(key, "") for key in ("aria-label", "title", "alt"))
    return Link(text=tidy(next(filter(None, names), "")[:MOST_LABEL]), target=target)

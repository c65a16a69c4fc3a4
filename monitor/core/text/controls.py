"""What a visitor can press: buttons, their state, and the hidden parts that they show."""

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from monitor.core.text.markup import Markup

_BUTTONS = frozenset({"submit", "button", "reset", "image"})
_SENDING = frozenset({"submit", "image"})
_CONTROLLING = "[aria-controls], [data-target], [data-bs-target], [popovertarget], [data-toggle]"
_POINTING = ("aria-controls", "data-target", "data-bs-target", "popovertarget", "href")
_CONTROL = "button, summary, [aria-expanded], [onclick], [role=button], [role=tab]"
_EMAIL_FIELD = "input[type=email], input[name*=mail]"
_OTHER_FIELDS = "textarea, input[type=password], input[type=file], input[type=date]"
_TEXT_FIELDS = "input:not([type]), input[type=text], input[type=email], input[type=tel], select"
MOST_SIGN_UP_FIELDS = 2
_ONE_NAME = re.compile(r"[#.]?([\w-]{1,100})$")
MOST_CONTROLS = 2_000
MOST_OF_CONTROL = 300  # characters of what holds a control and little else


class PageControls:
    """The controls of one page."""

    def __init__(self, markup: Markup) -> None:
        self._markup = markup
        self._controlled: frozenset[str] | None = None

    def can_show(self, element: LexborNode, attributes: Mapping[str, str]) -> bool:
        """Return whether a control of the page shows a hidden element: it waits for a click."""
        if attributes.get("hidden", "").lower() == "until-found":
            return True
        if attributes.get("id") and attributes["id"] in self._names():
            return True
        if any(name in self._names() for name in attributes.get("class", "").split()[:20]):
            return True
        control = _previous_element(element)
        return control is not None and _is_control(control)

    def is_sign_up(self, form: LexborNode) -> bool:
        """Return whether a form asks for an e-mail address and little else: for a newsletter."""
        if form.css_first(_EMAIL_FIELD) is None or form.css_first(_OTHER_FIELDS) is not None:
            return False
        return len(form.css(_TEXT_FIELDS)) <= MOST_SIGN_UP_FIELDS

    def value(self, tag: str, attributes: Mapping[str, str]) -> str:
        """Return the text of a button that is an `<input>`."""
        if tag != "input" or attributes.get("type", "").lower() not in _BUTTONS:
            return ""
        return attributes.get("value") or attributes.get("alt", "")

    def is_disabled(self, tag: str, attributes: Mapping[str, str], *, within: bool) -> bool:
        """Return whether it is a control that cannot be pressed; `within` a set that cannot."""
        if tag in {"button", "fieldset"} or (
            tag == "input" and attributes.get("type", "").lower() in _BUTTONS
        ):
            return within or "disabled" in attributes or attributes.get("aria-disabled") == "true"
        return (tag == "a" or attributes.get("role") == "button") and attributes.get(
            "aria-disabled"
        ) == "true"

    def sends_to(self, tag: str, attributes: Mapping[str, str], *, action: str) -> str | None:
        """Return where a button sends its form; None for what sends none."""
        kind = attributes.get("type", "submit" if tag == "button" else "").lower()
        if tag not in {"button", "input"} or kind not in _SENDING:
            return None
        return attributes.get("formaction") or action or None

    def _names(self) -> frozenset[str]:
        """Return the ids and classes that controls name."""
        if self._controlled is None:
            names = set[str]()
            for control in self._markup.parser.css(_CONTROLLING)[:MOST_CONTROLS]:
                attributes = control.attributes
                for key in _POINTING:
                    for value in (attributes.get(key) or "")[:500].split():
                        if match := _ONE_NAME.match(value):
                            names.add(match[1])
            self._controlled = frozenset(names)
        return self._controlled


def _previous_element(element: LexborNode) -> LexborNode | None:
    previous = element.prev
    while previous is not None and not previous.is_element_node:
        previous = previous.prev
    return previous


def _is_control(element: LexborNode) -> bool:
    """Return whether an element is a control, or holds little else."""
    attributes = element.attributes
    if element.tag in {"button", "summary"} or attributes.keys() & {"aria-expanded", "onclick"}:
        return True
    if attributes.get("role") in {"button", "tab"}:
        return True
    return element.css_first(_CONTROL) is not None and len(element.text()) < MOST_OF_CONTROL

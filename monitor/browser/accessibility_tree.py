"""The accessibility tree as text: what a screen reader is told, a line a node. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.core.model.check import clean

NODES = 20_000
LINES = 5_000
NAME_CHARACTERS = 500
DEPTH = 40  # printed; what is deeper is printed at this depth
_SILENT = frozenset({"none", "generic", "InlineTextBox", "LineBreak", "IgnoredRole", "ListMarker"})
_STATES = ("disabled", "checked", "expanded", "invalid", "required", "level")

Node = Mapping[str, Any]


def as_text(nodes: Iterable[Any]) -> str:
    """Return the nodes that say something, indented by the ones that they are in.

    Args:
        nodes: As `Accessibility.getFullAXTree` gives them; from outside.

    A text that only repeats the name of what it is in is left out. Never raises for the form of a
    node: what cannot be read is not there.

    """
    by_id: dict[str, Node] = {}
    for node in list(nodes)[:NODES]:
        if isinstance(node, Mapping) and isinstance(node.get("nodeId"), str):
            by_id.setdefault(node["nodeId"], node)
    children = {child for node in by_id.values() for child in _children(node)}
    roots = [name for name in by_id if name not in children]
    lines: list[str] = []
    stack = [(name, 0, "") for name in reversed(roots)]
    visited: set[str] = set()
    while stack and len(lines) < LINES:
        name, depth, around = stack.pop()
        if name not in by_id or name in visited:
            continue
        visited.add(name)
        node = by_id[name]
        spoken = _value(node, "name")
        line = _line(node, spoken, around)
        if line:
            lines.append("  " * min(depth, DEPTH) + line)
        inner = depth + bool(line), spoken if line else around
        stack += [(child, *inner) for child in reversed(_children(node))]
    return "".join(f"{line}\n" for line in lines)


def _line(node: Node, name: str, around: str) -> str:
    role = _value(node, "role")
    if node.get("ignored") is True or not role or role in _SILENT:
        return ""
    if role == "StaticText":
        return "" if not name or name == around else f"text « {name} »"
    words = [role, *([f"« {name} »"] if name else []), *_states(node)]
    return " ".join(words)


def _states(node: Node) -> Iterable[str]:
    properties = node.get("properties")
    for entry in properties if isinstance(properties, list) else ():
        state = entry.get("name") if isinstance(entry, Mapping) else None
        if state in _STATES:
            value = _value(entry, "value")
            if value not in {"", "false", "False"}:
                yield f"{state}={value}"


def _value(node: Node, name: str) -> str:
    value = node.get(name)
    inner = value.get("value") if isinstance(value, Mapping) else None
    text = "" if inner is None or isinstance(inner, (dict, list)) else str(inner)
    return " ".join(clean(text, NAME_CHARACTERS).split())


def _children(node: Node) -> list[str]:
    children = node.get("childIds")
    return [c for c in children if isinstance(c, str)] if isinstance(children, list) else []

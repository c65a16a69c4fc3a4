"""The accessibility tree as text, whatever a browser gives for one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.browser.accessibility_tree import DEPTH, LINES, as_text


def node(name: str, role: str, said: str = "", *children: str, **more: Any) -> dict[str, Any]:
    return {
        "nodeId": name,
        "role": {"value": role},
        "name": {"value": said},
        "childIds": list(children),
        **more,
    }


def test_it_says_what_a_screen_reader_is_told() -> None:
    level = {"name": "level", "value": {"value": 2}}
    off = {"name": "disabled", "value": {"value": True}}
    shut = {"name": "expanded", "value": {"value": False}}
    tree = [
        node("1", "RootWebArea", "Étrangers", "2", "5", "8"),
        node("2", "generic", "", "3"),
        node("3", "heading", "Vos démarches", "4", properties=[level]),
        node("4", "StaticText", "Vos démarches"),
        node("5", "paragraph", "", "6", "7"),
        node("6", "StaticText", "Un\u202e  texte\n de deux lignes"),
        node("7", "InlineTextBox", "rien"),
        node("8", "button", "Commencer", properties=[off, shut]),
        node("9", "heading", "à part", ignored=True),
    ]
    assert as_text(tree).splitlines() == [
        "RootWebArea « Étrangers »",
        "  heading « Vos démarches » level=2",
        "  paragraph",
        "    text « Un\N{REPLACEMENT CHARACTER} texte de deux lignes »",
        "  button « Commencer » disabled=True",
    ]


def test_it_is_bounded_and_ends() -> None:
    chain = [node(str(n), "group", "x", str(n + 1)) for n in range(LINES + 10)]
    lines = as_text(chain).splitlines()
    assert len(lines) == LINES
    assert len(lines[-1]) < 3 * DEPTH
    loop = [node("1", "group", "a", "2"), node("2", "group", "b", "1")]
    assert as_text(loop) == ""  # nothing is the root


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["nodeId", "role", "name", "value", "childIds", "properties", "ignored"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=6))
@settings(max_examples=60)
def test_it_never_raises(nodes: list[Any]) -> None:
    assert isinstance(as_text(nodes), str)


@pytest.mark.parametrize("nodes", [[], [{}], [{"nodeId": 1}], [None], [{"nodeId": "a"}]])
def test_nothing_gives_nothing(nodes: list[Any]) -> None:
    assert as_text(nodes) == ""

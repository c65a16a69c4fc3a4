"""Edits of `local.toml`: one entry is set, every other line stays as a person wrote it."""

import tomllib

import pytest

from monitor.config.files.local_edit import put, put_entry

TEXT = """\
# Les nôtres
[[target]]  # une
slug = "une"  # gardée
interval_s = 600

[[target]]
slug = "deux"
url = "https://deux.test/"  # l’ancienne

[resolver]
servers = []
"""


def test_the_entry_of_a_slug_is_changed_and_no_other_line() -> None:
    text = put_entry(TEXT, "target", {"slug": '"deux"', "url": '"https://x/"'}, "# relevé")

    one, two = tomllib.loads(text)["target"]
    assert one == {"slug": "une", "interval_s": 600}
    assert two == {"slug": "deux", "url": "https://x/"}
    assert "# Les nôtres" in text
    assert 'slug = "une"  # gardée' in text
    assert "# relevé" in text
    assert set(TEXT.splitlines()) - set(text.splitlines()) == {
        'slug = "deux"', 'url = "https://deux.test/"  # l’ancienne',
    } - {'slug = "deux"'}  # fmt: skip


def test_an_entry_that_is_not_there_comes_last() -> None:
    text = put_entry(TEXT, "target", {"slug": '"trois"', "enabled": "false"}, "# relevé")

    assert text.startswith(TEXT)
    assert tomllib.loads(text)["target"][2] == {"slug": "trois", "enabled": False}
    assert put_entry("", "a.b", {"id": '"x"'}, "#") == '[[a.b]]\n#\nid = "x"\n'


def test_a_slug_is_no_pattern() -> None:
    text = put_entry('[[a]]\nslug = "axb"\n', "a", {"slug": '"a.b"', "k": "1"}, "#")
    assert [one["slug"] for one in tomllib.loads(text)["a"]] == ["axb", "a.b"]


def test_a_value_of_several_lines_makes_no_toml_and_is_seen() -> None:
    text = put("[resolver]\nservers = [\n  'a',\n]\n", "resolver", "servers", "['b']")
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)

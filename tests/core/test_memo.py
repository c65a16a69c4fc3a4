"""What is remembered, and what costs too much to be."""

from monitor.core.text.memo import REMEMBERED, SHORT, remembering


class Reader:
    """Measures texts, and notes which it was asked to read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def length(self, text: str) -> int:
        self.read.append(text)
        return len(text)


def test_a_short_text_is_read_once_and_a_long_one_each_time() -> None:
    reader = Reader()
    length = remembering(reader.length)

    for text in ("c" * SHORT, "c" * SHORT, "l" * (SHORT + 1), "l" * (SHORT + 1)):
        assert length(text) == len(text)
    assert [len(text) for text in reader.read] == [SHORT, SHORT + 1, SHORT + 1]


def test_only_so_many_texts_are_remembered() -> None:
    reader = Reader()
    length = remembering(reader.length)

    for text in ("premier", *map(str, range(REMEMBERED)), "premier"):
        length(text)
    assert reader.read.count("premier") == 2

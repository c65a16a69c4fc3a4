"""The WARC format, and what is refused of it."""

import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence.captures import warc
from monitor.evidence.captures.warc import Record, WarcError

AT = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)


def record(block: bytes = b"abc", *, name: str = "un", uri: str = "http://site.test/") -> Record:
    return warc.make("resource", name=name, at=AT, uri=uri, content_type="text/plain", block=block)


def test_a_record_is_written_as_the_standard_says() -> None:
    """WARC/1.1, with a date in microseconds and a digest in base 32."""
    assert bytes(record()) == (
        b"WARC/1.1\r\n"
        b"WARC-Type: resource\r\n"
        b"WARC-Record-ID: <urn:uuid:68bca10e-ea2b-833f-af15-a6ab0c7df2a4>\r\n"
        b"WARC-Date: 2026-11-23T08:00:00.123456Z\r\n"
        b"WARC-Target-URI: http://site.test/\r\n"
        b"WARC-Block-Digest: sha256:XJ4BNP4PAHH6UQKBIDPF3LRCEOYAGYNDSYLXVHFUCD7WD4QACWWQ====\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: 3\r\n"
        b"\r\n"
        b"abc\r\n\r\n"
    )


def test_ids_are_well_formed_and_drawn_from_names() -> None:
    ids = [warc.record_id(name) for name in ("a", "b", "a")]

    assert ids[0] == ids[2] != ids[1]
    number = UUID(ids[0].removeprefix("<urn:uuid:").removesuffix(">"))
    assert (number.version, number.variant) == (8, "specified in RFC 4122")


@given(st.text())
def test_no_address_can_add_a_field(uri: str) -> None:
    again = Record.parse(bytes(record(uri=uri)))

    assert len(again.fields) == len(record(uri="x" if uri else "").fields)
    assert again.block == b"abc"


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=8))
def test_records_come_out_of_a_file_as_they_went_in(blocks: list[bytes]) -> None:
    records = [record(block, name=str(rank)) for rank, block in enumerate(blocks)]
    packed = warc.pack(records)

    read = list(warc.read(io.BytesIO(packed)))

    assert records == [member.record for member in read]
    assert packed == b"".join(member.packed for member in read)
    assert [packed.index(member.packed, member.offset) for member in read] == [
        member.offset for member in read
    ]


def test_equal_records_are_equal_bytes() -> None:
    assert warc.pack([record()]) == warc.pack([record()])


@given(st.data())
def test_a_file_cut_anywhere_is_torn_there_and_sound_before(data: st.DataObject) -> None:
    packed = [warc.pack([record(name=name)]) for name in "abc"]
    whole = b"".join(packed)
    size = data.draw(st.integers(0, len(whole)))
    ends = [0, len(packed[0]), len(packed[0] + packed[1]), len(whole)]
    sound = max(end for end in ends if end <= size)

    if size == sound:
        assert ends.index(sound) == len(list(warc.read(io.BytesIO(whole[:size]))))
        return
    with pytest.raises(WarcError, match="cut short") as caught:
        list(warc.read(io.BytesIO(whole[:size])))
    assert (caught.value.torn, caught.value.offset) == (True, sound)


def test_a_changed_bit_is_refused_and_is_no_torn_end() -> None:
    packed = bytearray(warc.pack([record(bytes(range(256)) * 20)]))
    packed[len(packed) // 2] ^= 1

    with pytest.raises(WarcError) as caught:
        list(warc.read(io.BytesIO(bytes(packed))))

    assert not caught.value.torn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.replace(b"WARC/1.1", b"WARC/1.0"), "not a WARC"),
        (lambda data: data.replace(b"Length: 3", b"Length: 4"), "not as long"),
        (lambda data: data.replace(b"abc", b"abd"), "digest names"),
        (lambda data: data.replace(b"Content-Type:", b"Content-Type"), "no field"),
        (lambda data: data + b"x", "not as long"),
        (lambda data: data[:40], "not a WARC"),
    ],
    ids=["version", "length", "digest", "field", "more", "less"],
)
def test_a_record_that_contradicts_itself_is_refused(
    change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(WarcError, match=message):
        Record.parse(change(bytes(record())))


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warc, "MAX_RECORD_BYTES", 100_000)
    bomb = gzip.compress(bytes(10_000_000))

    with pytest.raises(WarcError, match="too long"):
        list(warc.read(io.BytesIO(bomb)))

"""The witness protocol (C2SP tlog-witness v1.0.0): each status, races, restarts, forks."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence import durable
from monitor.evidence.log import note
from monitor.evidence.log.note import Checkpoint, Note, Signature, VerifierKey
from monitor.evidence.witness import witness_memory
from monitor.evidence.witness.witness_memory import Witness, hash_of
from monitor.evidence.witness.witness_protocol import (
    MAX_PROOF_HASHES,
    MAX_REQUEST_BYTES,
    Refused,
    Request,
)
from tests.support.small_log import SmallLog

AT = 1_795_000_000
LOG = SmallLog()
FORK = SmallLog(history="autre ", fork_at=3)
NAME = "temoin.example/w"
EXAMPLE = Path(__file__).parent / "vectors" / "add-checkpoint.txt"


def witness(folder: Path, *logs: SmallLog) -> Witness:
    keys = [log.key.verifier for log in logs or (LOG,)]
    return Witness(folder, name=NAME, logs=keys)


def asked(folder: Path, request: Request | bytes, *, at: int = AT) -> tuple[int, bytes]:
    """Ask a witness that has just been started: its folder is all that it knows."""
    answer = witness(folder).add_checkpoint(bytes(request), at=at)
    return answer.status.value, answer.body


def cosigned(body: bytes, text: str, folder: Path) -> int:
    """Return the time of a cosignature that an answer holds."""
    read = Note.parse(text.encode() + b"\n" + body)
    ((_, signature),) = read.verified_by([witness(folder).key.verifier])
    return note.cosigned_at(signature)


def test_a_first_checkpoint_then_each_that_extends_it_is_cosigned(tmp_path: Path) -> None:
    sizes = [0, 1, 2, 3, 7, 8, 8, 200]

    for step, (old, size) in enumerate(zip([0, *sizes], sizes, strict=False)):
        status, body = asked(tmp_path, LOG.request(old, size), at=AT + step)

        assert 200 == status
        assert AT + step == cosigned(body, LOG.note(size).text, tmp_path)


def test_monitors_get_the_checkpoint_with_both_signatures(tmp_path: Path) -> None:
    """The log's, and the very cosignature that was answered."""
    _, body = asked(tmp_path, LOG.request(0, 5))

    served = witness(tmp_path).checkpoint(hash_of(LOG.origin))

    assert bytes(LOG.note(5)) + body == served


@pytest.mark.parametrize("name", ["0" * 64, "..", "../cle", "cle", "A" * 64, ""])
def test_nothing_else_is_served(tmp_path: Path, name: str) -> None:
    asked(tmp_path, LOG.request(0, 5))

    assert None is witness(tmp_path).checkpoint(name)


def test_the_published_example_of_a_request_is_read_and_written_back() -> None:
    """C2SP tlog-witness, "add-checkpoint", example request body."""
    body = EXAMPLE.read_bytes()

    request = Request.parse(body)

    assert (20852014, 4) == (request.old, len(request.proof))
    assert body == bytes(request)


WELL = bytes(LOG.request(3, 5))
NOTE = bytes(LOG.note(5))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe\n\n" + NOTE, id="not a text"),
        pytest.param(WELL.replace(b"old 3", b"old 03"), id="a leading zero"),
        pytest.param(WELL.replace(b"old 3", b"old -3"), id="a sign"),
        pytest.param(WELL.replace(b"old 3", b"old  3"), id="two spaces"),
        pytest.param(WELL.replace(b"old 3", b"old " + b"9" * 30), id="a size of 30 digits"),
        pytest.param(WELL.replace(b"old 3", b"old 6"), id="larger than the checkpoint"),
        pytest.param(WELL.replace(b"old 3", "old ٣".encode()), id="a digit that is not ASCII"),
        pytest.param(WELL.replace(b"old 3\n", b"old 3\n!!!\n"), id="not base64"),
        pytest.param(WELL.replace(b"old 3\n", b"old 3\nAAAA\n"), id="a short hash"),
        pytest.param(WELL.replace(b"\n\n", b"\n", 1), id="no empty line after the proof"),
        pytest.param(b"old 0\n\n", id="no checkpoint"),
        pytest.param(b"old 0\n\n" + NOTE.partition("—".encode())[0], id="no signature"),
        pytest.param(b"old 0\n\n" + NOTE.replace(b"\n5\n", b"\n05\n"), id="a malformed size"),
        pytest.param(b"old 0\r\n\r\n" + NOTE, id="line ends of another system"),
        pytest.param(
            bytes(replace(LOG.request(0, 5), proof=(bytes(32),) * (MAX_PROOF_HASHES + 1))),
            id="a proof of 64 hashes",
        ),
        pytest.param(WELL + b" " * MAX_REQUEST_BYTES, id="too long"),
    ],
)
def test_400_malformed(tmp_path: Path, body: bytes) -> None:
    assert 400 == asked(tmp_path, body)[0]
    assert None is witness(tmp_path).checkpoint(hash_of(LOG.origin))


def test_404_a_log_that_was_not_agreed_upon(tmp_path: Path) -> None:
    stranger = SmallLog(origin="inconnu.example/journal")

    assert 404 == asked(tmp_path, stranger.request(0, 5))[0]
    assert not (tmp_path / hash_of(stranger.origin)).exists()


def test_403_without_the_logs_signature(tmp_path: Path) -> None:
    """Absent, by another key, or wrong under the log's own key."""
    good = LOG.note(5)
    other = SmallLog(origin="autre.example/b").signed(good.text)
    wrong = Signature(good.signatures[0].name, good.signatures[0].key_id, bytes(64))

    for note_ in (other, Note(good.text, (wrong,)), Note(good.text, (*other.signatures, wrong))):
        assert 403 == asked(tmp_path, Request(old=0, proof=(), note=note_))[0]


def test_a_strangers_signature_beside_the_logs_does_not_matter(tmp_path: Path) -> None:
    """Nor is it served: we vouch for the log's signature and ours alone."""
    other = SmallLog(origin="autre.example/b").signed(LOG.note(5).text)
    both = Note(other.text, (*other.signatures, *LOG.note(5).signatures))

    assert 200 == asked(tmp_path, Request(old=0, proof=(), note=both))[0]
    served = witness(tmp_path).checkpoint(hash_of(LOG.origin)) or b""
    assert [LOG.origin, NAME] == [line.name for line in Note.parse(served).signatures]


@pytest.mark.parametrize("old", [0, 3, 6])
def test_409_says_the_size_that_was_cosigned(tmp_path: Path, old: int) -> None:
    asked(tmp_path, LOG.request(0, 5))

    answer = witness(tmp_path).add_checkpoint(bytes(LOG.request(old, 8)), at=AT)

    assert (409, b"5\n", "text/x.tlog.size") == (answer.status, answer.body, answer.media_type)


def test_409_says_zero_when_nothing_was_cosigned(tmp_path: Path) -> None:
    assert (409, b"0\n") == asked(tmp_path, LOG.request(3, 5))


def spoilt(request: Request) -> Request:
    return replace(request, proof=(bytes(32), *request.proof[1:]))


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(spoilt(LOG.request(5, 8)), id="a wrong proof"),
        pytest.param(replace(LOG.request(5, 8), proof=()), id="no proof"),
        pytest.param(replace(LOG.request(5, 5), proof=(bytes(32),)), id="a proof of nothing"),
        pytest.param(
            replace(LOG.request(5, 8), proof=(*LOG.proof(5, 8), bytes(32))), id="a longer proof"
        ),
        pytest.param(FORK.request(5, 5), id="the same size, another root"),
        pytest.param(FORK.request(5, 8), id="another history"),
    ],
)
def test_422_what_does_not_extend_what_was_cosigned(tmp_path: Path, request_: Request) -> None:
    asked(tmp_path, LOG.request(0, 5))
    before = witness(tmp_path).checkpoint(hash_of(LOG.origin))

    assert 422 == asked(tmp_path, request_)[0]
    assert before == witness(tmp_path).checkpoint(hash_of(LOG.origin))
    assert 200 == asked(tmp_path, LOG.request(5, 8))[0]


def test_422_a_first_checkpoint_with_a_proof(tmp_path: Path) -> None:
    assert 422 == asked(tmp_path, replace(LOG.request(0, 5), proof=(bytes(32),)))[0]


def test_422_an_empty_tree_with_another_root(tmp_path: Path) -> None:
    text = str(Checkpoint(LOG.origin, 0, bytes(32)))

    assert 422 == asked(tmp_path, Request(old=0, proof=(), note=LOG.signed(text)))[0]


@pytest.mark.parametrize("old", [5, 4, 0], ids=["422", "409", "409 from zero"])
def test_two_signed_trees_of_one_size_are_kept_for_ever(tmp_path: Path, old: int) -> None:
    """Whatever the sender believed of us: both notes together prove the fork."""
    asked(tmp_path, LOG.request(0, 5))
    asked(tmp_path, FORK.request(old, 5))
    asked(tmp_path, LOG.request(5, 8))

    (fault,) = witness(tmp_path).faults(LOG.origin)

    assert fault.forked
    assert (LOG.checkpoint(5), FORK.checkpoint(5)) == (fault.last_cosigned, fault.received)


def test_a_wrong_proof_is_kept_but_proves_no_fork(tmp_path: Path) -> None:
    """Anybody can send a log's own checkpoint with a wrong proof; once is enough to keep."""
    asked(tmp_path, LOG.request(0, 5))
    for _ in range(3):
        asked(tmp_path, spoilt(LOG.request(5, 8)))

    (fault,) = witness(tmp_path).faults(LOG.origin)

    assert not fault.forked
    assert 8 == fault.received.size


def test_an_honest_mistake_accuses_nobody(tmp_path: Path) -> None:
    asked(tmp_path, LOG.request(0, 5))
    asked(tmp_path, LOG.request(3, 8))
    asked(tmp_path, FORK.signed("nonsense\n").text.encode())

    assert [] == list(witness(tmp_path).faults(LOG.origin))


def test_faults_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_memory, "MAX_FAULTS", 2)
    asked(tmp_path, LOG.request(0, 5))
    for size in range(6, 10):
        asked(tmp_path, spoilt(LOG.request(5, size)))

    assert 2 == len(list(witness(tmp_path).faults(LOG.origin)))


def test_of_many_requests_at_once_one_alone_moves_the_tree(tmp_path: Path) -> None:
    """The race of the specification: a smaller tree must not be cosigned after a larger one."""
    asked(tmp_path, LOG.request(0, 5))
    sizes = range(6, 14)
    start = threading.Barrier(len(sizes))
    ask: Callable[[Request], tuple[int, bytes]] = lambda request: (  # noqa: E731 -- names the barrier
        start.wait(60),
        asked(tmp_path, request),
    )[1]

    with ThreadPoolExecutor(len(sizes)) as threads:
        answers = list(threads.map(ask, [LOG.request(5, size) for size in sizes]))

    (won,) = [size for size, (status, _) in zip(sizes, answers, strict=True) if status == 200]
    assert [(409, f"{won}\n".encode())] * 7 == [answer for answer in answers if answer[0] != 200]


@pytest.mark.parametrize("persisted", [False, True], ids=["not persisted", "persisted anyway"])
def test_a_crash_while_keeping_answers_nothing_and_forks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, persisted: bool
) -> None:
    asked(tmp_path, LOG.request(0, 5))
    write = durable.write

    def crash(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if persisted:
            write(path, data, mode=mode)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", crash)
        with pytest.raises(OSError, match="Input/output"):
            asked(tmp_path, LOG.request(5, 8))

    again, forked = asked(tmp_path, LOG.request(5, 8)), asked(tmp_path, FORK.request(8, 9))
    assert ((409, b"8\n") if persisted else 200) == (again if persisted else again[0])
    assert 422 == forked[0]


def test_each_log_has_its_own_memory(tmp_path: Path) -> None:
    other = SmallLog(origin="autre.example/b")
    ours = witness(tmp_path, LOG, other)

    for one in (LOG, other):
        assert 200 == ours.add_checkpoint(bytes(one.request(0, 5)), at=AT).status


def test_a_key_of_a_log_may_be_replaced(tmp_path: Path) -> None:
    """Both keys are listed while the log changes from one to the other."""
    fresh = SmallLog()
    fresh.key = replace(fresh.key, seed=bytes(range(32)))
    both = witness(tmp_path, LOG, fresh)

    assert 200 == both.add_checkpoint(bytes(LOG.request(0, 5)), at=AT).status
    assert 200 == both.add_checkpoint(bytes(fresh.request(5, 8)), at=AT).status


@given(st.binary(max_size=300))
def test_no_body_at_all_breaks_the_reader(body: bytes) -> None:
    for data in (body, b"old 0\n\n" + body, b"old 0\n" + body + NOTE):
        with suppress(Refused):
            Request.parse(data)


def test_our_key_is_the_one_that_is_published(tmp_path: Path) -> None:
    ours = witness(tmp_path)

    assert ours.key.verifier == VerifierKey.parse(str(ours.key.verifier))
    assert f"{NAME}+" == str(ours.key.verifier)[: len(NAME) + 1]

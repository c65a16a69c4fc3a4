"""Old data, or a key alone, must not begin a second history of a journal that others know."""

import asyncio
import shutil
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from monitor.cli import main
from monitor.config import Cosigner, Cosigning
from monitor.evidence.log.journal import LAST, JournalError
from monitor.evidence.log.note import Algorithm, SignerKey, VerifierKey
from monitor.evidence.outbound_http import Reply
from monitor.evidence.witness.cosigning import require_newest
from monitor.evidence.witness.witness_memory import Witness
from tests.support.couriers import FakeCourier
from tests.support.service import LocalSite, environment, running, vigie, write_config
from tests.support.small_log import SmallLog

LOG = SmallLog()
NOW = 1_795_000_000
TYPE = "text/x.tlog.size"


def server(witness: Witness) -> Callable[[bytes], Reply]:
    def serve(body: bytes) -> Reply:
        answer = witness.add_checkpoint(body, at=NOW)
        media_type = answer.media_type.partition(";")[0]
        return Reply(status=answer.status, media_type=media_type, body=answer.body)

    return serve


def ask(
    tmp_path: Path, size: int, *, held: int = 0, log: SmallLog = LOG, reply: Reply | None = None
) -> None:
    """Compare a journal of `size` with a witness that cosigned `held` leaves of LOG."""
    witness = Witness(tmp_path / "temoin", name="temoin.example/w", logs=[LOG.key.verifier])
    if held:
        witness.add_checkpoint(bytes(LOG.request(0, held)), at=NOW)
    serve = server(witness) if reply is None else lambda _: reply
    courier = FakeCourier({"https://temoin.example/add-checkpoint": serve})
    cosigning = Cosigning(
        witnesses=(Cosigner(key=str(witness.key.verifier), url="https://temoin.example/"),)
    )
    asyncio.run(require_newest(cosigning, bytes(log.note(size)), courier=courier))


@pytest.mark.parametrize(("size", "held"), [(0, 0), (0, 1), (5, 0), (5, 4), (5, 5), (300, 300)])
def test_a_witness_that_knows_no_more_than_we_do_lets_us_begin(
    tmp_path: Path, size: int, held: int
) -> None:
    if held > size:
        with pytest.raises(JournalError):
            ask(tmp_path, size, held=held)
    else:
        ask(tmp_path, size, held=held)


@pytest.mark.parametrize(("size", "held"), [(0, 1), (0, 900), (5, 6), (299, 300)])
def test_a_witness_that_knows_more_stops_us_and_we_say_what_to_do(
    tmp_path: Path, size: int, held: int
) -> None:
    with pytest.raises(JournalError, match=rf"temoin\.example/w.*{held}.*{size}") as caught:
        ask(tmp_path, size, held=held)

    assert "sauvegarde" in str(caught.value)


def test_a_witness_that_knows_another_root_of_the_same_size_stops_us(tmp_path: Path) -> None:
    fork = SmallLog(history="autre", fork_at=3)
    with pytest.raises(JournalError, match="autre histoire"):
        ask(tmp_path, 5, held=5, log=fork)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, media_type="text/plain", body=b"unknown\n"),
        Reply(status=403, media_type="text/plain", body=b"no\n"),
        Reply(status=500, media_type="text/html", body=b"<h1>"),
        Reply(status=409, media_type="text/html", body=b"900\n"),
        Reply(status=409, media_type=TYPE, body="\N{SUPERSCRIPT TWO}\n".encode()),
        Reply(status=409, media_type=TYPE, body=b"9" * 400),
        Reply(status=200, media_type="text/plain", body=b"\xff"),
    ],
)
def test_what_says_nothing_of_a_size_delays_nobody(
    tmp_path: Path, reply: Reply, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written in the service's own log, for its operator."""
    ask(tmp_path, 5, reply=reply)

    if reply.status != 200:
        assert "temoin.example/w" in capsys.readouterr().out


def test_a_witness_that_cannot_be_reached_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    key = SignerKey("loin.example/w", Algorithm.COSIGNATURE, bytes(32)).verifier
    cosigning = Cosigning(
        witnesses=(
            Cosigner(key=str(key), url="https://loin.example/"),
            Cosigner(key=str(VerifierKey.parse(str(key)))),  # by mail: nobody to ask
        )
    )

    asyncio.run(require_newest(cosigning, bytes(LOG.note(5)), courier=FakeCourier({})))

    assert "loin.example/w" in capsys.readouterr().out


class LiveWitness:
    """A witness behind a real port of loopback."""

    def __init__(self, folder: Path) -> None:
        self.logs: list[VerifierKey] = []
        self.witness = Witness(folder, name="temoin.example/w", logs=())
        live = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                live.witness.logs = tuple(live.logs)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = live.witness.add_checkpoint(body, at=live.now())
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.media_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def now() -> int:
        from monitor.runtime.clock import SystemClock  # noqa: PLC0415 -- the only reader of the clock

        return int(SystemClock().now().timestamp())

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def scene(tmp_path: Path) -> "Scene":
    return Scene(tmp_path)


class Scene:
    """A service with a witness, a backup of its data, and what the witness knows since."""

    def __init__(self, folder: Path) -> None:
        self.site, self.control = LocalSite(), LocalSite()
        self.witness = LiveWitness(folder / "temoin")
        self.config = write_config(
            folder / "config", site=self.site.port, control=self.control.port, targets=1
        )
        self.data = folder / "data"
        toml = self.config / "vigie.toml"
        url = f"http://127.0.0.1:{self.witness.port}/"
        toml.write_text(
            f"{toml.read_text()}\n[cosigning]\n"
            f'witness = [{{ key = "{self.witness.witness.key.verifier}", url = "{url}" }}]\n'
        )

    def grow(self) -> None:
        with running(self.config, self.data) as service:
            assert service.stop() == 0

    def key(self) -> SignerKey:
        return SignerKey.parse((self.data / "journal.key").read_text())

    def cosigned(self) -> None:
        """Have the witness cosign the newest checkpoint, as if the service had lived on."""
        note = (self.data / LAST).read_bytes()
        self.witness.logs = [self.key().verifier]
        self.witness.witness.logs = tuple(self.witness.logs)
        answer = self.witness.witness.add_checkpoint(b"old 0\n\n" + note, at=LiveWitness.now())
        assert answer.status == HTTPStatus.OK

    def end(self) -> None:
        for one in (self.site, self.control, self.witness):
            one.stop()


def test_all_of_the_data_put_back_from_an_old_backup_signs_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    scene.grow()
    backup = Path(shutil.copytree(scene.data, tmp_path / "sauvegarde"))
    scene.grow()
    scene.cosigned()
    shutil.rmtree(scene.data)
    shutil.copytree(backup, scene.data)
    before = {path: path.read_bytes() for path in (scene.data / "journal").rglob("*.gz")}
    last = (scene.data / LAST).read_bytes()

    for words in (["run"], ["seal"]):
        output = vigie(*words, "--config", scene.config, "--data", scene.data, port=0)
        assert output.returncode == 2, output.stderr
        assert "sauvegarde" in output.stderr
        assert "temoin.example/w" in output.stderr

    assert (scene.data / LAST).read_bytes() == last
    assert {p: p.read_bytes() for p in (scene.data / "journal").rglob("*.gz")} == before
    scene.end()


def test_a_key_with_an_empty_volume_needs_an_explicit_word(scene: Scene) -> None:
    scene.grow()
    key = scene.key()
    shutil.rmtree(scene.data)
    scene.data.mkdir()
    (scene.data / "journal.key").write_text(f"{key}\n")
    (scene.data / "journal.key").chmod(0o600)
    where: list[str | Path] = ["--config", scene.config, "--data", scene.data]

    output = vigie("run", *where, port=0)
    assert output.returncode == 2
    assert "--new-journal" in output.stderr
    assert not (scene.data / "journal").exists()

    assert vigie("seal", *where, "--new-journal").returncode == 0
    scene.grow()
    scene.end()


def test_the_same_with_a_key_that_the_environment_gives(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.grow()
    key = scene.key()
    shutil.rmtree(scene.data)
    scene.data.mkdir()
    for name in environment(0).keys() | {"VIGIE_LISTEN"}:
        if name.startswith("VIGIE_"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIGIE_JOURNAL_KEY", str(key))
    where = ["--config", str(scene.config), "--data", str(scene.data)]
    assert main(["migrate", *where]) == 0

    assert main(["seal", *where]) == 2
    assert "--new-journal" in capsys.readouterr().err
    assert main(["seal", *where, "--new-journal"]) == 0
    assert main(["seal", *where]) == 0
    scene.end()


def test_an_explicit_word_does_not_outweigh_a_witness(scene: Scene) -> None:
    scene.grow()
    key = scene.key()
    scene.cosigned()
    shutil.rmtree(scene.data)
    scene.data.mkdir()
    (scene.data / "journal.key").write_text(f"{key}\n")
    (scene.data / "journal.key").chmod(0o600)
    where: list[str | Path] = ["--config", scene.config, "--data", scene.data]
    assert vigie("migrate", *where).returncode == 0

    output = vigie("seal", *where, "--new-journal")

    assert output.returncode == 2
    assert "temoin.example/w" in output.stderr
    assert vigie("run", *where, port=0).returncode == 2
    scene.end()


def test_a_first_start_that_was_cut_short_goes_on(scene: Scene) -> None:
    """The key was made there and then: nothing was ever signed with it."""
    with running(scene.config, scene.data) as service:
        service.kill()
    scene.grow()
    scene.end()

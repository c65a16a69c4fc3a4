"""What Grafana is given at its start fits the dashboards; and `make grafana-smoke` sees a fault."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana.record import SOURCE, Record
from tests.support.dashboards import FILES, FOLDER, load
from tests.support.documented import ROOT

PROVISIONED = ROOT / "grafana" / "provisioning"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
GRAFANA = COMPOSE["services"]["grafana"]
SMOKE = ROOT / "scripts" / "grafana-smoke"


def sources() -> dict[str, dict[str, Any]]:
    found = {}
    for path in (PROVISIONED / "datasources").glob("*.yml"):
        for one in yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]:
            found[one["uid"]] = one
    return found


def test_the_data_sources_are_those_of_the_dashboards() -> None:
    kinds = {uid: one["type"] for uid, one in sources().items()}
    assert kinds == {"prometheus": "prometheus", SOURCE.uid: SOURCE.type_val}
    for path in FILES:
        (source,) = (v for v in load(path)["templating"]["list"] if v["name"] == "datasource")
        assert source["current"]["value"] == "prometheus"


def test_the_record_is_read_by_the_role_that_only_reads() -> None:
    source = sources()[SOURCE.uid or ""]
    made = (ROOT / "grafana" / "readers.sql").read_text(encoding="utf-8")
    assert f"CREATE ROLE {source['user']} " in made
    assert source["secureJsonData"]["password"] == "$GRAFANA_READER_PASSWORD"  # noqa: S105 -- its name


def test_each_folder_of_dashboards_is_mounted_and_chosen() -> None:
    assert "./grafana/dashboards:/dashboards:ro" in GRAFANA["volumes"]
    providers = yaml.safe_load((PROVISIONED / "dashboards" / "vigie.yml").read_text())["providers"]
    paths = {one["options"]["path"] for one in providers}
    assert paths == {"/dashboards/communs", "/dashboards/$GRAFANA_RECORD"}
    assert GRAFANA["environment"]["GRAFANA_RECORD"] == "${GRAFANA_RECORD:-sqlite}"
    assert {path.parent.name for path in FILES} == {"communs", *(record.value for record in Record)}
    for record in Record:
        uids = [
            load(path)["uid"] for path in FILES if path.parent.name in ("communs", record.value)
        ]
        assert len(uids) == len(set(uids)) == 5
    home = GRAFANA["environment"]["GF_USERS_HOME_PAGE"]
    assert home.removeprefix("/d/") in {load(path)["uid"] for path in FILES}


def test_nothing_is_fetched_but_the_image() -> None:
    """Since 13.2 the data sources are plug-ins: an update at the start would replace them."""
    given = GRAFANA["environment"]
    assert given["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert given["GF_PLUGINS_PREINSTALL_AUTO_UPDATE"] == "false"
    assert [name for name in given if "CHECK_FOR" in name and given[name] != "false"] == []
    text = " ".join(path.read_text(encoding="utf-8") for path in FILES)
    assert set(re.findall(r"https?://[^\"/]+", text)) == {"http://127.0.0.1:8600"}


def test_nobody_sees_it_without_an_account_unless_it_is_asked_for() -> None:
    given = GRAFANA["environment"]
    assert given["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS:-false}"
    assert given["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert given["GF_SECURITY_ALLOW_EMBEDDING"] == "${GRAFANA_EMBEDDING:-false}"


@contextmanager
def grafana(*, values: list[list[int]], without: str = "") -> Iterator[str]:
    """Answer as Grafana does: every dashboard but one, and these values to every query."""
    dashboards = {load(path)["uid"]: load(path) for path in FILES if path.parent.name != "sqlite"}
    dashboards |= {load(path)["uid"]: load(path) for path in FILES if path.parent.name == "sqlite"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            uid = self.path.rpartition("/")[2]
            found = uid in dashboards and uid != without
            self._say(200 if found else 404, {"dashboard": dashboards.get(uid)})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert "${" not in json.dumps(asked)
            first = asked["queries"][0]["expr"].startswith("topk")
            fields = [{}, {"labels": {"target": "cible-0"}}]
            frame = {"schema": {"fields": fields}, "data": {"values": [[1]] if first else values}}
            results = {query["refId"]: {"frames": [frame]} for query in asked["queries"]}
            self._say(200, {"results": results})

        def _say(self, status: int, answer: object) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def smoke(url: str) -> subprocess.CompletedProcess[str]:
    given = {"GRAFANA_URL": url, "GRAFANA_PASSWORD": "essai", "GRAFANA_RECORD": "sqlite"}
    return subprocess.run(
        [SMOKE], env=os.environ | given, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    ("values", "without", "code", "says"),
    [
        ([[1], [1]], "", 0, ", 0 faults"),
        ([[], []], "", 1, "Les services nationaux, maintenant: no row\n"),
        ([[1], [1]], "vigie-incident", 1, "Incident: HTTP Error 404"),
    ],
)
def test_the_smoke_test_sees_what_is_missing(
    values: list[list[int]], without: str, code: int, says: str
) -> None:
    with grafana(values=values, without=without) as url:
        done = smoke(url)
    assert (done.returncode, says in done.stdout) == (code, True), done.stdout + done.stderr


def test_the_exclusions_of_the_linter_are_beside_the_dashboards() -> None:
    assert (FOLDER / ".lint").is_file()
    assert Path(SMOKE).stat().st_mode & 0o111

"""The survey in `tests/fixtures/first-day.tar.xz`: how it was made, and how it is opened.

`python -m tests.support.first_day` makes it again, from the demo's sites with four surprises. A
later version of the program is judged on the answers of that day: make another file rather than
this one again.
"""

import asyncio
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from monitor.demo.site_server import SiteAnswer
from monitor.demo.sites import FOREIGNERS_PATH, SIGNS_OF_LIFE, page, prefecture
from tests.support.surveying import FINGERPRINTS, surveyed

FIXTURE = Path(__file__).parents[1] / "fixtures" / "first-day.tar.xz"
NEW_PATH = "/Demarches-administratives/Accueil-des-etrangers2"
TARGETS = ("anef", "prefecture-34", "prefecture-38", "prefecture-44", "prefecture-67")
_NOTICE = "<h1>Nos équipes préparent du neuf</h1><p>Merci de votre patience.</p>"


def opened(folder: Path) -> tuple[Path, Path]:
    """Unpack the fixture; return the folders of its configuration and of its survey."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    shutil.copyfile(FINGERPRINTS, folder / "config" / "fingerprints.toml")
    return folder / "config", folder / "releve"


def _instead(host: str, path: str) -> SiteAnswer | None:
    text = f"<!DOCTYPE html><html lang=fr><title>Page</title><body>{_NOTICE}</body></html>"
    answers = {
        (prefecture("34"), FOREIGNERS_PATH): SiteAnswer(
            status=301, headers=(("Location", NEW_PATH),)
        ),
        (prefecture("34"), NEW_PATH): SiteAnswer(body=page("fiche.html")),
        (prefecture("38"), FOREIGNERS_PATH): SiteAnswer(body=text.encode()),
        (prefecture("44"), "/robots.txt"): SiteAnswer(
            body=b"User-agent: *\nDisallow: /Demarches/\n", media="text/plain"
        ),
    }
    if path == SIGNS_OF_LIFE[0]:
        return SiteAnswer(status=404, body=b"<html>404</html>")
    return answers.get((host, path))


async def _make(work: Path) -> None:
    async with surveyed(work) as one:
        one.instead = _instead
        await one.ask(only=TARGETS)
    config = work / "config"
    (config / "fingerprints.toml").unlink()
    shutil.copyfile(one.world.ca_path, config / "racine.pem")
    main = config / "vigie.toml"
    text = main.read_text(encoding="utf-8")
    main.write_text(re.sub(r'extra_ca = ".*"', 'extra_ca = "racine.pem"', text), encoding="utf-8")
    with tarfile.open(FIXTURE, "w:xz") as archive:
        for path in sorted((*config.rglob("*"), *one.folder.rglob("*"))):
            if path.is_file():
                info = archive.gettarinfo(path, path.relative_to(work).as_posix())
                info.uid = info.gid = 0
                info.uname = info.gname = ""
                with path.open("rb") as file:
                    archive.addfile(info, file)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_make(Path(name)))
    sys.stdout.write(f"{FIXTURE}: {FIXTURE.stat().st_size} bytes\n")

"""Which browser there is, or why there is none to be used."""

import os
import shutil
from pathlib import Path

from monitor.browser.chromium import Executable
from monitor.config.schema import BrowserSettings

# Debian's packages of these names; the first is the smaller one, and shows the same.
NAMES = ("chromium-headless-shell", "chromium")


def find_browser(settings: BrowserSettings, *, no_sandbox: bool) -> Executable | str:
    """Return the browser to use; else, in French, why pages are not shown.

    Chromium's sandbox cannot hold a process of root, and without it a hostile page would have
    this account: a service that runs as root shows no page. Only tests go on without.
    """
    configured = settings.executable
    paths = map(shutil.which, (configured,) if configured else NAMES)
    path = next(filter(None, paths), None)
    if path is None:
        looked_for = configured or " ni ".join(NAMES)
        return f"aucun navigateur : {looked_for} n’est pas installé"
    if os.geteuid() == 0 and not no_sandbox:
        return (
            "le service s’exécute en root : le navigateur n’aurait pas de bac à sable ;"
            " lancer le service sous un compte ordinaire"
        )
    return Executable(path=Path(path), sandbox=not no_sandbox)

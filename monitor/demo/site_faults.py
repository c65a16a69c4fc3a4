"""The answers of a site with a simulated fault, in place of its healthy ones."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.demo.scenario import SiteFault
from monitor.demo.site_server import SiteAnswer
from monitor.demo.sites import (
    BOOKING_PATH,
    FOREIGNERS_PATH,
    MAIN_SCRIPT,
    SLOW_S,
    SPACE_API,
    Host,
    foreigners,
    page,
)

_KEEP_OUT = SiteAnswer(body=b"User-agent: *\nDisallow: /\n", media="text/plain; charset=utf-8")


def answer(host: Host, path: str, *, fault: SiteFault | None, visit: int = 0) -> SiteAnswer | None:
    """Return the answer of `host` for a path while it has a fault; None is silence.

    `visit` is the number of the request since the fault began, from 1, for answers that are not
    always the same. Faults below HTTP (no listener, a bad certificate) do not change the answer.
    """
    if fault is SiteFault.ONE_FAILURE:
        fault = SiteFault.UNAVAILABLE if visit == 1 else None
    healthy = host.answers.get(path) or SiteAnswer(status=404, body=page("404.html"))
    if fault is SiteFault.SILENT:
        return None
    if path == "/robots.txt":  # else the lane would stop for another reason than the fault
        return _KEEP_OUT if fault is SiteFault.ROBOTS else healthy
    if fault is SiteFault.SLOW:
        return replace(healthy, delay_s=SLOW_S * 1.3)
    bad_path, status = _FAILING.get(fault, ("", 0))
    if path == bad_path:
        return SiteAnswer(status=status, body=page("404.html"))
    if fault in _SAYING:
        return (
            foreigners(host.department, _texts(fault, visit))
            if path == FOREIGNERS_PATH
            else healthy
        )
    instead = _INSTEAD.get(fault) if fault else None
    return instead(host) if instead else healthy


def _unavailable(_: Host) -> SiteAnswer:
    return SiteAnswer(status=503, body=page("indisponible.html"), headers=(("Retry-After", "120"),))


def _error_text(host: Host) -> SiteAnswer:
    return SiteAnswer(body=page("erreur-200.html", name=host.name))


def _waf(_: Host) -> SiteAnswer:
    marks = (("X-Iinfo", "4-9-0 0NNN RT(1795421645000 0) q(0 -1 -1 -1) r(0 -1)"),)
    return SiteAnswer(status=403, body=page("refus.html"), media="text/html", headers=marks)


def _maintenance(_: Host) -> SiteAnswer:
    return SiteAnswer(body=page("maintenance.html"))


_INSTEAD: Mapping[SiteFault, Callable[[Host], SiteAnswer]] = {
    SiteFault.UNAVAILABLE: _unavailable,
    SiteFault.ERROR_TEXT: _error_text,
    SiteFault.WAF: _waf,
    SiteFault.MAINTENANCE: _maintenance,
}
# Paths that do not exist any more, or do not work, while the rest of the site does.
_FAILING: Mapping[SiteFault | None, tuple[str, int]] = {
    SiteFault.DEAD_ASSET: (MAIN_SCRIPT, 404),
    SiteFault.GONE: (BOOKING_PATH, 404),
    SiteFault.DEAD_API: (SPACE_API, 503),
}
# Other texts of the page for foreigners.
_SAYING: Mapping[SiteFault | None, Mapping[str, str]] = {
    SiteFault.PHONE: {"phone": "01 99 00 56 78", "updated": "23/11/2026"},
    SiteFault.NO_HELP: {
        "help": "SUPPRESSION de la permanence du point d’accueil numérique : "
        "aucun rendez-vous ne sera délivré au guichet.",
        "updated": "23/11/2026",
    },
    SiteFault.NOISE: {},
    SiteFault.FLAPPING: {"banner": "ATTENTION : fermeture exceptionnelle du bureau du séjour."},
    SiteFault.SILENT_CHANGE: {"fee": "50"},
}


def _texts(fault: SiteFault | None, visit: int) -> Mapping[str, str]:
    if fault is SiteFault.NOISE:
        return {"visit": str(1000 + visit)}
    if fault is SiteFault.FLAPPING and visit % 2:
        return {}
    return _SAYING[fault]

"""What a site that plays a scene sends in place of its healthy answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.demo.scenario import Play
from monitor.demo.site_server import SiteAnswer
from monitor.demo.sites import (
    BOOKING_PATH,
    FOREIGNERS_PATH,
    MAIN_SCRIPT,
    SLOW_S,
    Host,
    foreigners,
    page,
)

_KEEP_OUT = SiteAnswer(body=b"User-agent: *\nDisallow: /\n", media="text/plain; charset=utf-8")


def answer(host: Host, path: str, *, play: Play | None, visit: int = 0) -> SiteAnswer | None:
    """Return what `host` says for a path while it plays; None is silence.

    `visit` numbers the requests that the host got, for what is never twice the same.
    Faults below HTTP (nobody listens, a bad certificate) leave the answer healthy.
    """
    healthy = host.answers.get(path) or SiteAnswer(status=404, body=page("404.html"))
    if play is Play.SILENT:
        return None
    if path == "/robots.txt":  # else the lane would stop for another reason than the scene's
        return _KEEP_OUT if play is Play.ROBOTS else healthy
    if play is Play.SLOW:
        return replace(healthy, delay_s=SLOW_S * 1.3)
    if path == _MISSING.get(play):
        return SiteAnswer(status=404, body=page("404.html"))
    if play in _SAYING:
        return (
            foreigners(host.department, _said(play, visit)) if path == FOREIGNERS_PATH else healthy
        )
    instead = _INSTEAD.get(play) if play else None
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


_INSTEAD: Mapping[Play, Callable[[Host], SiteAnswer]] = {
    Play.UNAVAILABLE: _unavailable,
    Play.ERROR_TEXT: _error_text,
    Play.WAF: _waf,
    Play.MAINTENANCE: _maintenance,
}
# What is no longer there, while the rest of the site stands.
_MISSING: Mapping[Play | None, str] = {
    Play.DEAD_ASSET: MAIN_SCRIPT,
    Play.GONE: BOOKING_PATH,
}
# What the page for foreigners says in other words.
_SAYING: Mapping[Play | None, Mapping[str, str]] = {
    Play.PHONE: {"phone": "01 99 00 56 78", "updated": "23/11/2026"},
    Play.NO_HELP: {
        "help": "SUPPRESSION de la permanence du point d’accueil numérique : "
        "aucun rendez-vous ne sera délivré au guichet.",
        "updated": "23/11/2026",
    },
    Play.NOISE: {},
    Play.FLAPPING: {"banner": "ATTENTION : fermeture exceptionnelle du bureau du séjour."},
    Play.SILENT_CHANGE: {"fee": "50"},
}


def _said(play: Play | None, visit: int) -> Mapping[str, str]:
    if play is Play.NOISE:
        return {"visit": str(1000 + visit)}
    if play is Play.FLAPPING and visit % 2:
        return {}
    return _SAYING[play]

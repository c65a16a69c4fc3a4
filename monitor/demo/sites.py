"""The simulated sites of the demo: hosts, addresses, healthy answers, targets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2

from monitor.core.model import Confidence, Kind, Platform, Policy, Target
from monitor.demo.site_server import SiteAnswer

ANEF = "administration-etrangers.demo.test"
SSO = "sso.anef.demo.test"
CONTACT = "contact.anef.demo.test"
FICHES = "fiches.demo.test"
BOOKING = "rendez-vous.demo.test"
# Two servers: a name server leads our point to one of them, and the other points to the other.
STAMPS = "timbres.demo.test"
SPACE = "espace.demo.test"  # a single-page app: `SiteFault.DEAD_API`
ISSUER = "autorite.demo.test"  # serves the intermediate certificate, over plain HTTP
DEPARTMENTS = ("01", "06", "13", "33", "59", "69", "75", "93")
# Those whose page for foreigners changes: `SiteFault.PHONE` and others.
CHANGING = ("34", "38", "44", "67", "76")
# The one whose page for foreigners links to its own booking page, a target too: `SiteFault.GONE`.
LINKING = "31"
_CODES = (*DEPARTMENTS, *CHANGING, LINKING)
CONTROLS = ("temoin-1.demo.test", "temoin-2.demo.test", "temoin-3.demo.test")

SLOW_S = 0.8  # an answer above this is slow, on the demo's fast clock
DEADLINE_S = 2.0  # shorter than an interval, so that a silent site delays no others for long
INTERVAL_S = 3
POLICY = Policy(failures=3, failing_s=4, successes=2, recovering_s=2, recheck_s=3)
PLATFORMS = (
    Platform(slug="anef", name="ANEF (essai)", spacing_s=0.05, hosts=(ANEF,)),
    Platform(slug="sso", name="Connexion à ANEF (essai)", spacing_s=0.05, hosts=(SSO,)),
    Platform(slug="contact", name="Contact (essai)", spacing_s=0.05, hosts=(CONTACT,)),
    Platform(
        slug="ide",
        name="Sites des préfectures (essai)",
        spacing_s=0.05,
        hosts=tuple(f"www.prefecture-{code}.demo.test" for code in DEPARTMENTS),
    ),
    Platform(
        slug="pages",
        name="Pages pour les étrangers (essai)",
        spacing_s=0.05,
        hosts=tuple(f"www.prefecture-{code}.demo.test" for code in (*CHANGING, LINKING)),
    ),
    Platform(slug="rdv", name="Rendez-vous (essai)", spacing_s=0.05, hosts=(BOOKING,)),
    Platform(slug="espace", name="Espace personnel (essai)", spacing_s=0.05, hosts=(SPACE,)),
    Platform(slug="timbres", name="Timbres fiscaux (essai)", spacing_s=0.05, hosts=(STAMPS,)),
    Platform(slug="fiches", name="Fiches pratiques (essai)", spacing_s=0.05, hosts=(FICHES,)),
)

FOREIGNERS_PATH = "/Demarches/Accueil-des-etrangers"
BOOKING_PATH = "/Demarches/Prendre-un-rendez-vous"
LOGIN_PATH = "/auth/realms/anef-usagers/connexion"
CONTACT_PATH = "/formulaire-contact"
STAMPS_PATH = "/titre-de-sejour"
SIGNS_OF_LIFE = ("/api/configurations/feature_flags", "/api/front_environnement")
MAIN_SCRIPT = "/usagers/main.d59e01b7c2fa4836.js"
SPACE_API = "/espace/api/configuration"
_SPACE_TITLE = "Vos démarches en ligne"
# A browser takes some seconds to start, and others are busy meanwhile.
SHOWN_INTERVAL_S, SHOWN_DEADLINE_S = 10, 8.0
ISSUER_PATH = "/intermediaire.crt"
_SCRIPTS = (
    "/usagers/runtime.07c3b5a9f1e24d68.js",
    "/usagers/polyfills.a86d2f40c79be153.js",
    MAIN_SCRIPT,
)
# A content network adds these headers to good answers too: alone they are no refusal.
_CDN = (
    ("X-CDN", "Imperva"),
    ("X-Iinfo", "9-30511022-30511025 NNNN CT(0 0 0) RT(1795421645000 0) q(0 0 0 -1) r(1 1) U12"),
    ("Set-Cookie", "visid_incap_000000=demonstration; HttpOnly; path=/; Domain=.demo.test"),
)

# The texts of the page for foreigners without a fault.
FOREIGNERS: Mapping[str, str] = {
    "updated": "12/10/2026",
    "help": "Un agent vous aide à déposer votre demande au point d’accueil numérique, "
    "du lundi au vendredi de 9h00 à 12h00, sur rendez-vous.",
    "phone": "01 99 00 12 34",
    "fee": "25",
    "banner": "",
    "visit": "",
    "booking": "",
}

_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def page(template: str, **values: str) -> bytes:
    """Return one of the demo's pages as bytes."""
    return _pages.get_template(template).render(values).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One server of a site: the site's name, its own loopback address, and its healthy answers.

    `far`: the other points are led there, and our own is not; it has no fault of its own.
    """

    name: str
    address: str
    answers: Mapping[str, SiteAnswer]
    secure: bool = True
    department: str = ""
    far: bool = False


def prefecture(code: str) -> str:
    return f"www.prefecture-{code}.demo.test"


def hosts(*, intermediate_der: bytes) -> tuple[Host, ...]:
    """Return every server of the demo, each on its own address of 127.86.0.0/24."""
    stamps = {STAMPS_PATH: SiteAnswer(body=page("timbre.html"))}
    all_sites: list[tuple[str, Mapping[str, SiteAnswer], bool]] = [
        (ANEF, _anef(), True),
        (SSO, {LOGIN_PATH: SiteAnswer(body=page("connexion.html"))}, True),
        (CONTACT, {CONTACT_PATH: SiteAnswer(body=page("formulaire.html"))}, True),
        (FICHES, {"/titre-de-sejour": SiteAnswer(body=page("fiche.html"))}, True),
        (BOOKING, _booking(), True),
        (SPACE, _space(), True),
        *((prefecture(code), _prefecture(code), True) for code in _CODES),
        *((name, {"/": SiteAnswer(body=page("temoin.html"))}, True) for name in CONTROLS),
        (
            ISSUER,
            {ISSUER_PATH: SiteAnswer(body=intermediate_der, media="application/pkix-cert")},
            False,
        ),
        (STAMPS, stamps, True),
        (STAMPS, stamps, True),
    ]
    servers = [
        Host(
            name=name,
            address=f"127.86.0.{number}",
            answers=answers,
            secure=secure,
            department=_departments().get(name, ""),
        )
        for number, (name, answers, secure) in enumerate(all_sites, start=2)
    ]
    return (*servers[:-1], replace(servers[-1], far=True))


def _departments() -> dict[str, str]:
    return {prefecture(code): code for code in _CODES}


def slowed(policy: Policy, pace: int) -> Policy:
    """Return a policy for a demo that takes `pace` times as long."""
    return replace(
        policy,
        failing_s=policy.failing_s * pace,
        recovering_s=policy.recovering_s * pace,
        recheck_s=policy.recheck_s * pace,
    )


def targets(*, port: int, pace: int = 1, browser: bool = False) -> tuple[Target, ...]:
    """Return the targets of the demo, in the order of the screen.

    `pace` multiplies every duration, for a machine that is too busy for the usual ones. With a
    `browser`, one of them is a page that it shows.
    """
    return tuple(
        replace(
            target,
            interval_s=target.interval_s * pace,
            deadline_s=target.deadline_s * pace,
            slow_s=target.slow_s * pace,
            policy=slowed(target.policy, pace),
        )
        for target in (*_targets(port), *((_on_screen(port),) if browser else ()))
    )


def _targets(port: int) -> tuple[Target, ...]:
    anef = f"https://{ANEF}:{port}"
    return (
        _target(
            "anef",
            "ANEF – application",
            f"{anef}/usagers/",
            kind=Kind.SHELL,
            platform="anef",
            signs_of_life=tuple(anef + path for path in SIGNS_OF_LIFE),
        ),
        _target(
            "anef-contact",
            "ANEF – formulaire de contact",
            f"https://{CONTACT}:{port}{CONTACT_PATH}",
            kind=Kind.FORM,
            platform="contact",
        ),
        _target(
            "anef-connexion",
            "ANEF – page de connexion",
            f"https://{SSO}:{port}{LOGIN_PATH}",
            kind=Kind.LOGIN,
            platform="sso",
        ),
        _target(
            "fiche-titre-de-sejour",
            "Fiche pratique – titre de séjour",
            f"https://{FICHES}:{port}/titre-de-sejour",
            kind=Kind.PAGE,
            platform="fiches",
        ),
        _target(
            "rendez-vous",
            "Prise de rendez-vous",
            f"https://{BOOKING}:{port}{BOOKING_PATH}",
            kind=Kind.PAGE,
            platform="rdv",
        ),
        _target(
            "timbre-fiscal",
            "Timbre fiscal – titre de séjour",
            f"https://{STAMPS}:{port}{STAMPS_PATH}",
            kind=Kind.PAGE,
            platform="timbres",
        ),
        _target(
            "espace",
            "Espace personnel – réponse",
            f"https://{SPACE}:{port}/espace/",
            kind=Kind.SHELL,
            platform="espace",
        ),
        *(_prefecture_target(code, port=port) for code in _CODES),
        _target(
            f"prefecture-{LINKING}-rendez-vous",
            f"{_name(LINKING)} – rendez-vous",
            f"https://{prefecture(LINKING)}:{port}{BOOKING_PATH}",
            kind=Kind.PAGE,
            platform="pages",
            department=LINKING,
        ),
    )


def _on_screen(port: int) -> Target:
    """Return the page of the single-page app as a browser shows it."""
    target = _target(
        "espace-ecran",
        "Espace personnel – à l’écran",
        f"https://{SPACE}:{port}/espace/#/accueil",
        kind=Kind.RENDERED,
        platform="espace",
    )
    return replace(
        target,
        interval_s=SHOWN_INTERVAL_S,
        deadline_s=SHOWN_DEADLINE_S,
        markers=(_SPACE_TITLE,),
    )


def _target(  # noqa: PLR0913 -- the fields of a target, named at each call
    slug: str,
    name: str,
    url: str,
    *,
    kind: Kind,
    platform: str,
    signs_of_life: tuple[str, ...] = (),
    department: str = "",
) -> Target:
    return Target(
        slug=slug,
        name=name,
        url=url,
        kind=kind,
        platform=platform,
        department=department,
        interval_s=INTERVAL_S,
        deadline_s=DEADLINE_S,
        slow_s=SLOW_S,
        signs_of_life=signs_of_life,
        policy=POLICY,
        source="démonstration",
        verified=Confidence.LIVE,
    )


def _prefecture_target(code: str, *, port: int) -> Target:
    """Return a target: alternately a home page and a page for foreigners."""
    home = code in DEPARTMENTS[::2]
    what, path = ("accueil", "/") if home else ("étrangers", FOREIGNERS_PATH)
    return _target(
        f"prefecture-{code}",
        f"{_name(code)} – {what}",
        f"https://{prefecture(code)}:{port}{path}",
        kind=Kind.HOME if home else Kind.PAGE,
        platform="ide" if code in DEPARTMENTS else "pages",
        department=code,
    )


def _anef() -> dict[str, SiteAnswer]:
    static = {
        path: SiteAnswer(body=_script(path), media="application/javascript", headers=_CDN)
        for path in _SCRIPTS
    }
    flags = json.dumps({"maintenance": False, "depotEnLigne": True}).encode()
    environment = json.dumps({"environnement": "demonstration", "version": "12.4.0"}).encode()
    feature_flags_path, environment_path = SIGNS_OF_LIFE
    return {
        "/": SiteAnswer(status=307, headers=(("Location", "/usagers/"), *_CDN)),
        "/usagers/": SiteAnswer(body=page("anef.html"), headers=_CDN),
        "/usagers/styles.4e1f0c92ab7d35e8.css": SiteAnswer(body=b"app-root{}", media="text/css"),
        "/usagers/assets/favicon.svg": SiteAnswer(
            body=b'<svg xmlns="http://www.w3.org/2000/svg"/>', media="image/svg+xml"
        ),
        "/usagers/assets/i18n/fr.xml": SiteAnswer(body=b"<xliff/>", media="application/xml"),
        feature_flags_path: SiteAnswer(body=flags, media="application/json", headers=_CDN),
        environment_path: SiteAnswer(body=environment, media="application/json", headers=_CDN),
        **static,
    }


def _script(path: str) -> bytes:
    line = f'"use strict";/* {path} */(self.demonstration=self.demonstration||[]).push([]);\n'
    return line.encode() * 200


def _prefecture(code: str) -> dict[str, SiteAnswer]:
    values = {"name": _name(code), "department": code}
    robots = "User-agent: *\nDisallow: /admin/\n"
    return {
        "/": SiteAnswer(body=page("prefecture-accueil.html", **values)),
        FOREIGNERS_PATH: foreigners(code, {"booking": BOOKING_PATH} if code == LINKING else {}),
        BOOKING_PATH: SiteAnswer(body=page("prefecture-rendez-vous.html", **values)),
        "/extension/ide/dsfr.min.css": SiteAnswer(body=b"main{}", media="text/css"),
        "/robots.txt": SiteAnswer(body=robots.encode(), media="text/plain; charset=utf-8"),
    }


def foreigners(code: str, texts: Mapping[str, str]) -> SiteAnswer:
    """Return a prefecture's page for foreigners, with some texts replaced."""
    values = {**FOREIGNERS, **texts, "name": _name(code), "department": code}
    return SiteAnswer(body=page("prefecture-etrangers.html", **values))


def _name(code: str) -> str:
    return f"Préfecture d’essai {code}"


def _booking() -> dict[str, SiteAnswer]:
    values = {"name": "Rendez-vous en préfecture (essai)", "department": "93"}
    return {BOOKING_PATH: SiteAnswer(body=page("prefecture-rendez-vous.html", **values))}


def _space() -> dict[str, SiteAnswer]:
    texts = {
        "title": _SPACE_TITLE,
        "welcome": "Déposez une demande de titre de séjour et suivez son avancement.",
        "action": "Commencer",
    }
    return {
        "/espace/": SiteAnswer(body=page("espace.html")),
        "/espace/application.js": SiteAnswer(
            body=page("espace.js"), media="application/javascript"
        ),
        "/espace/style.css": SiteAnswer(
            body=b"body{font-family:sans-serif;margin:3rem}", media="text/css"
        ),
        SPACE_API: SiteAnswer(body=json.dumps(texts).encode(), media="application/json"),
    }

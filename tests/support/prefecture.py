"""Pages for foreigners as prefectures publish them, written for the tests in three shapes.

`dsfr`, `ez_publish` and `spip` put the same content into three templates. `extra` goes at the
named places, so that a test can add noise or content without knowing the template.
"""

import re
from dataclasses import dataclass
from typing import Protocol

ANEF = "https://administration-etrangers-en-france.interieur.gouv.fr/particuliers/"
URL = "https://www.exemple.gouv.fr/Demarches/Etrangers/Titres-de-sejour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one page says."""

    title: str = "Titres de séjour"
    updated: str = "Mis à jour le 05/03/2024"
    alert: str = "ATTENTION : le service sera fermé le 12 mars au matin."
    intro: str = (
        "Vous êtes étranger et vous résidez dans le département : cette page explique comment "
        "demander ou renouveler votre titre de séjour auprès de la préfecture."
    )
    hours: str = "Du lundi au vendredi de 8h30 à 11h30, sauf le mardi."
    phone: str = "04 73 98 61 61"
    email: str = "pref-sejour@exemple.gouv.fr"
    address: str = "18 boulevard Desaix, 63033 Clermont-Ferrand Cedex 1"
    fee: str = "Un timbre fiscal d'une valeur de 225 euros est demandé au retrait du titre."
    channel: str = (
        "Vous pouvez être aidé au point d'accueil numérique de la préfecture, sans rendez-vous."
    )
    documents: tuple[str, ...] = (
        "Passeport en cours de validité",
        "Trois photos d'identité récentes",
        "Justificatif de domicile de moins de six mois",
        "Acte de naissance traduit",
    )
    booking: str = "/booking/create/12345"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """HTML to add: in the head, before the content, inside it, after it, in the footer."""

    head: str = ""
    top: str = ""
    inside: str = ""
    bottom: str = ""
    footer: str = ""


NONE = Extra()


class Template(Protocol):
    def __call__(self, content: Content, extra: Extra = NONE) -> str: ...


def _body(content: Content, extra: Extra) -> str:
    items = "".join(f"<li>{document}</li>" for document in content.documents)
    return f"""
      <p class="intro">{content.intro}</p>
      <h2>Horaires et coordonnées</h2>
      <p>Accueil du public : {content.hours}</p>
      <table><tr><th>Téléphone</th><td>{content.phone}</td></tr>
      <tr><th>Courriel</th>
      <td><a href="mailto:{content.email}">{content.email}</a></td></tr></table>
      <p>Adresse : {content.address}</p>
      <h2>Pièces à fournir</h2>
      <ul>{items}</ul>
      <h2>Déposer sa demande</h2>
      <p>{content.fee}</p>
      <p>La demande se fait sur <a href="{ANEF}">le site de l'ANEF</a>.
      Pour le retrait, <a href="{content.booking}">prenez rendez-vous en cliquant ici</a>.</p>
      {extra.inside}
      <h3>Être accompagné</h3>
      <p>{content.channel}</p>"""


def dsfr(content: Content, extra: Extra = NONE) -> str:
    return f"""<!DOCTYPE html><html lang="fr"><head><title>{content.title} - Exemple</title>
    <meta charset="utf-8">{extra.head}</head><body>
    <div class="fr-skiplinks"><a href="#contenu">Contenu</a></div>
    <header role="banner" class="fr-header"><p class="fr-logo">Préfet de l'Exemple</p>
    <nav class="fr-nav"><ul><li><a href="/Demarches">Démarches</a></li><li><a href="/Actualites">Actualités</a></li></ul></nav></header>
    {extra.top}
    <main id="contenu" role="main"><nav class="fr-breadcrumb"><a href="/">Accueil</a></nav>
    <h1>{content.title}</h1><p class="fr-text--sm">{content.updated}</p>
    <div class="fr-alert fr-alert--warning"><p>{content.alert}</p></div>
    {_body(content, extra)}
    <div class="fr-share"><p>Partager la page</p></div></main>
    {extra.bottom}
    <footer role="contentinfo" class="fr-footer"><p>Place de la Préfecture, standard 04 00 00 00 00</p>{extra.footer}</footer>
    </body></html>"""  # noqa: E501 -- one line of HTML


def ez_publish(content: Content, extra: Extra = NONE) -> str:
    return f"""<html><head><title>{content.title} / Les services de l'État</title>{extra.head}
    </head><body><div id="header"><div id="topmenu">
    <ul><li><a href="/Services">Services</a></li></ul></div></div>
    <div id="path"><p>Vous êtes ici : <a href="/">Accueil</a></p></div>
    {extra.top}
    <div id="main" class="float-break"><div class="content-view-full"><div class="class-article">
    <div class="attribute-header"><h1>{content.title}</h1></div>
    <p class="date-maj">{content.updated}</p><p class="alerte">{content.alert}</p>
    {_body(content, extra)}
    </div></div></div>
    {extra.bottom}
    <div id="footer"><p>Mentions légales</p>{extra.footer}</div></body></html>"""


def spip(content: Content, extra: Extra = NONE) -> str:
    return f"""<html><head><title>{content.title}</title>{extra.head}</head>
    <body class="page_article">
    <div id="entete"><a href="spip.php?page=sommaire">Préfecture</a></div>
    <div id="nav"><ul><li><a href="spip.php?rubrique12">Étrangers</a></li></ul></div>
    {extra.top}
    <div id="contenu"><div class="cartouche"><small>{content.updated}</small>
    <h1 class="titre">{content.title}</h1></div>
    <div class="texte"><p class="attention">{content.alert}</p>{_body(content, extra)}</div></div>
    {extra.bottom}
    <div id="pied"><p>Site réalisé sous SPIP</p>{extra.footer}</div></body></html>"""


TEMPLATES: tuple[Template, ...] = (dsfr, ez_publish, spip)


def without_hints(html: str) -> str:
    """Return the page as a site would write it that names no part: `div`, and no class or id."""
    plain = re.sub(r"<(/?)(?:main|article|section|nav|header|footer|aside)\b", r"<\1div", html)
    return re.sub(r' (?:class|id|role)="[^"]*"', "", plain)

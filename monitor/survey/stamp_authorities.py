"""Time-stamp authorities in a survey: whether their answers verify; if not, which root to add.

An authority seldom sends its root. It is looked for where the certificates of the answer point
(RFC 5280 4.2.2.1), and proposed only when the answer verifies with it. Whether it is the
authority's own, only a person can tell, by its fingerprint.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import certifi
from asn1crypto import x509

from monitor.config import Config, StampAuthority
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.evidence.timestamps.certificate_files import as_pem, certificates
from monitor.evidence.timestamps.rfc3161 import Question, StampRefused, Token, check_answer
from monitor.fetch.tls import issuer_among, issuer_pointers
from monitor.survey.surprise import ConfigEdit, Surprise, SurpriseKind
from monitor.survey.survey_folder import SurveyFolder

CHECKPOINT, REQUEST, ANSWER, ISSUERS = "checkpoint", "request.tsq", "answer", "issuers.pem"
ISSUERS_MAX = 3  # certificates above those of an answer
_ROOT_NAME = 8  # characters of a fingerprint, in the name of a file


@dataclass(frozen=True, kw_only=True)
class KeptStamp:
    """What an authority answered in a survey.

    Attributes:
        why: Why there is no answer, "" when there is one.
        issuers: DER certificates above those of the answer, from where these point.

    """

    authority: StampAuthority
    question: Question
    at: datetime
    answer: bytes
    why: str = ""
    issuers: tuple[bytes, ...] = ()

    @cached_property
    def _checked(self) -> tuple[Token | None, str]:
        if self.why:
            return None, self.why
        try:
            return self._token(_trusted(self.authority)), ""
        except StampRefused as error:
            return None, f"jeton refusé : {error}"

    def _token(self, roots: Sequence[bytes]) -> Token:
        """Return the token of the answer. Raises StampRefused."""
        return check_answer(self.answer, self.question, roots=roots, now=self.at)

    @property
    def works(self) -> bool:
        token, _ = self._checked
        return token is not None and token.verified

    @property
    def unrooted(self) -> tuple[bytes, ...]:
        """The chain of a valid token whose root is not trusted; empty for any other answer."""
        token, _ = self._checked
        return () if token is None or token.verified else token.chain

    @property
    def detail(self) -> str:
        """What was answered, in French."""
        token, why = self._checked
        if token is None:
            return why
        if not token.verified:
            return "jeton valable, mais sa racine n’est pas reconnue"
        return f"jeton du {token.at:%d/%m/%Y %H:%M} UTC"

    @property
    def surprise(self) -> Surprise:
        """What is to be corrected when it does not work."""
        edit, advice = None, "Refaites le relevé plus tard ; d’ici là, les autres suffisent."
        if self.unrooted:
            name, root = _top((*self.unrooted, *self.issuers))
            tried = root is not None and self._verifies_with(root)
            edit, advice = self._root_edit(name, root) if root and tried else self._file_edit(name)
        return Surprise(
            id=f"horodatage-{self.authority.slug}",
            kind=SurpriseKind.STAMP,
            about=self.authority.name,
            observed=f"L’autorité d’horodatage {self.authority.name} : {self.detail}.",
            advice=advice,
            edit=edit,
        )

    def _verifies_with(self, root: bytes) -> bool:
        try:
            return self._token([root]).verified
        except StampRefused:
            return False

    def _root_edit(self, name: str, root: bytes) -> tuple[ConfigEdit, str]:
        """Return the line for a root that was tried; old tokens still need the roots before."""
        digest = sha256(root).hexdigest()
        path = f"racines/{self.authority.slug}-{digest[:_ROOT_NAME]}.pem"
        pem = self.authority.roots.encode() + as_pem([root])
        edit = self._edit(path, files={path: pem})
        return edit, (
            f"Sa racine est maintenant « {name} », empreinte SHA-256 {digest}. "
            "Avec elle, le jeton reçu est vérifié. Ne l’acceptez que si l’autorité publie cette "
            "empreinte sur son site, ou si la liste de confiance la donne."
        )

    def _file_edit(self, name: str) -> tuple[ConfigEdit, str]:
        """Return the line for a root that a person must bring."""
        path = f"racines/{self.authority.slug}.pem"
        return self._edit(path, files={}), (
            f"Sa chaîne se termine par « {name} », que la réponse ne contient pas. Prenez cette "
            "racine sur le site de l’autorité, comparez son empreinte à celle qu’il publie, et "
            f"mettez-la au format PEM dans {path}, avec les racines d’avant : la ligne peut alors "
            "être acceptée (docs/horodatage.md)."
        )

    def _edit(self, path: str, *, files: dict[str, bytes]) -> ConfigEdit:
        values = {"slug": self.authority.slug, "roots": path}
        return ConfigEdit(table="stamps.authority", listed=True, values=values, files=files)


def kept_stamps(folder: SurveyFolder, config: Config) -> Iterator[KeptStamp]:
    """Yield what the configured authorities answered in the survey of a folder."""
    for authority in config.stamping.authorities:
        step = folder.index.stamps.get(authority.slug)
        if step is None:
            continue
        yield KeptStamp(
            authority=authority,
            question=Question(note=folder.stamp_file(authority.slug, CHECKPOINT), nonce=step.nonce),
            at=step.at,
            answer=folder.stamp_file(authority.slug, ANSWER),
            why=step.why,
            issuers=_issuers(folder.stamp_file(authority.slug, ISSUERS)),
        )


async def issuers_above(
    chain: Sequence[bytes], get: Callable[[str], Awaitable[bytes]]
) -> tuple[bytes, ...]:
    """Follow the pointers of a chain towards its root; return the DER certificates on the way.

    `get` returns the body at an address; b"" when there is none.
    """
    above: list[bytes] = []
    while chain and len(above) < ISSUERS_MAX and _top(chain)[1] is None:
        for url in issuer_pointers(chain):
            issuer = issuer_among(await get(url), chain, roots=True)
            if issuer is not None:
                above.append(issuer)
                chain = (*chain, issuer)
                break
        else:
            break
    return tuple(above)


def _issuers(pem: bytes) -> tuple[bytes, ...]:
    try:
        with reading("issuers"):
            return certificates(pem)[:ISSUERS_MAX] if pem else ()
    except Unreadable:
        return ()


def _trusted(authority: StampAuthority) -> tuple[bytes, ...]:
    pem = authority.roots.encode() or Path(certifi.where()).read_bytes()
    return certificates(pem)


def _top(chain: Sequence[bytes]) -> tuple[str, bytes | None]:
    """Return the name at the end of a chain, and its root when the root is in it."""
    try:
        with reading("certificate"):
            for der in reversed(chain):
                certificate = x509.Certificate.load(der)
                if certificate.self_issued:
                    return certificate.subject.human_friendly[:200], der
            return x509.Certificate.load(chain[-1]).issuer.human_friendly[:200], None
    except (Unreadable, IndexError):
        return "inconnue", None

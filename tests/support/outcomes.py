"""Plausible outcomes, for tests that only need something to record."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    Certificate,
    Controls,
    Exchange,
    Failure,
    Hop,
    Judgement,
    Kind,
    Observation,
    Outcome,
    Phase,
    Reason,
    Resolution,
    Run,
    State,
    Target,
    Verdict,
)
from monitor.core.model.rendering import RefusalCause, RefusedRequests, Rendering

# What a browser showed of a page.
SHOWN = Rendering(
    browser="HeadlessChrome/156.0.8078.108",
    flags_sha256="f1a6" * 16,
    fonts_sha256="f047" * 16,
    apart=True,
    duration_us=1_234_567,
    tree="RootWebArea « Étrangers en France »\n  heading « Vos démarches » level=1\n",
    text="Vos démarches",
    document="<html><body><h1>Vos démarches</h1></body></html>",
    console=("Failed to load resource: net::ERR_BLOCKED_BY_CLIENT", "une autre erreur"),
    refused=(
        RefusedRequests(origin="https://audience.test", cause=RefusalCause.THIRD_PARTY, count=3),
    ),
    picture=b"\x89PNG\r\n\x1a\n, une image",
)
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CONFIG = "c0ffee" * 10 + "c0de"

OK = Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok")
DEAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")
SPOILED = Judgement(verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK, rule="line-in-doubt")
PHASES_US: Mapping[Phase, int] = {
    Phase.RESOLVE: 1_812,
    Phase.CONNECT: 11_204,
    Phase.TLS: 24_733,
    Phase.PROCESSING: 151_004,
    Phase.TRANSFER: 40_121,
}


# A plausible reason of each verdict.
REASON_OF: Mapping[Verdict, Reason] = {
    Verdict.UP: Reason.OK,
    Verdict.DEGRADED: Reason.SLOW,
    Verdict.DOWN: Reason.HTTP_5XX,
    Verdict.MAINTENANCE: Reason.MAINTENANCE_TEXT,
    Verdict.BLOCKED: Reason.WAF,
    Verdict.UNKNOWN: Reason.LOCAL_NETWORK,
}


def targets_named(
    slugs: Iterable[str], *, platform: str, interval_s: int, kind: Kind = Kind.HOME
) -> dict[str, Target]:
    """Return a target of each slug, which is its name too."""
    return {
        slug: Target(
            slug=slug,
            name=slug,
            url=f"https://{slug}.example.test/",
            kind=kind,
            platform=platform,
            interval_s=interval_s,
        )
        for slug in slugs
    }


def at(seconds: float) -> datetime:
    """Return an instant, that many seconds after the start of the test's day."""
    return START + timedelta(seconds=seconds)


def hop(started_at: datetime, url: str = "https://administration-etrangers-en-france.test/") -> Hop:
    return Hop(
        url=url,
        started_at=started_at,
        resolution=Resolution(
            host="administration-etrangers-en-france.test",
            server="192.0.2.53",
            addresses=("198.51.100.7", "198.51.100.8"),
            elapsed_us=1_812,
        ),
        address="198.51.100.7",
        tls_version="TLSv1.3",
        tls_cipher="TLS_AES_256_GCM_SHA384",
        certificate=Certificate(
            sha256="ab" * 32,
            subject="CN=administration-etrangers-en-france.test",
            issuer="CN=Autorité de test",
            not_before=datetime(2026, 1, 1, tzinfo=UTC),
            not_after=datetime(2027, 1, 1, tzinfo=UTC),
            names=("administration-etrangers-en-france.test",),
            chain_length=2,
            verified=True,
        ),
        phases_us=PHASES_US,
        status=200,
        http_version="HTTP/1.1",
        headers=(
            ("Date", started_at.strftime("%a, %d %b %Y %H:%M:%S GMT")),
            ("Server", "Apache"),
            ("Content-Type", "text/html; charset=utf-8"),
            ("X-Request-Id", f"{started_at.timestamp():.6f}"),
        ),
    )


def answer(started_at: datetime, body: bytes = b"<html>bonjour</html>") -> Exchange:
    """Return a whole answer of 200."""
    return Exchange(
        url="https://administration-etrangers-en-france.test/",
        started_at=started_at,
        duration_us=sum(PHASES_US.values()),
        hops=(hop(started_at),),
        body=body,
        charset="utf-8",
        server_offset_us=-started_at.microsecond,
    )


def refusal(started_at: datetime) -> Exchange:
    """Return a connection that was refused."""
    return Exchange(
        url="https://administration-etrangers-en-france.test/",
        started_at=started_at,
        duration_us=3_100,
        hops=(
            Hop(
                url="https://administration-etrangers-en-france.test/",
                started_at=started_at,
                address="198.51.100.7",
                phases_us={Phase.RESOLVE: 1_812},
            ),
        ),
        failure=Failure.CONNECTION_REFUSED,
        phase=Phase.CONNECT,
        detail="ConnectionRefusedError: [Errno 111] Connection refused",
    )


def panel(instant: datetime, *, ok: int = 3) -> Controls:
    hosts = ("www.example.test", "www.exemple.gouv.test", "controle.example.test")
    answers = {host: rank < ok for rank, host in enumerate(hosts)}
    return Controls(at=instant, ok=ok, asked=len(hosts), needed=1, answers=answers)


def observation(
    target: str,
    instant: datetime,
    judgement: Judgement = OK,
    *,
    exchange: Exchange | None = None,
    point: str = "local",
) -> Observation:
    return Observation(
        target=target,
        point=point,
        slot_at=instant - timedelta(milliseconds=12),
        at=instant,
        judgement=judgement,
        exchange=exchange or answer(instant),
        controls=panel(instant - timedelta(seconds=31)),
        config_sha256=CONFIG,
        ruleset="2026-11",
        clock_offset_us=-1_734,
    )


def outcome(
    target: str,
    instant: datetime,
    judgement: Judgement = OK,
    *,
    exchange: Exchange | None = None,
    state: State | None = None,
) -> Outcome:
    """Return an outcome without an edge."""
    return Outcome(
        check=check_of(observation(target, instant, judgement, exchange=exchange)),
        state=state
        or State(
            target=target,
            point="local",
            verdict=judgement.verdict,
            reason=judgement.reason,
            since=instant,
            last_at=instant,
            last_ok_at=instant,
        ),
    )


def a_run(started_at: datetime, *, config_sha256: str = CONFIG) -> Run:
    """Return a life of the service that has just begun."""
    return Run(
        point="local",
        started_at=started_at,
        alive_at=started_at,
        stopped_at=None,
        version="0.1",
        config_sha256=config_sha256,
        ruleset="2026-11",
    )

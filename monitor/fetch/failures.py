"""Map an exception to a `Failure`.

The type, `errno` and OpenSSL's verify code of the exception, or of its causes, decide; texts
never do, since they change with versions and languages.
"""

import errno
import ssl
from collections.abc import Iterator

import httpx

from monitor.core.model import Failure
from monitor.core.untrusted.library_errors import Unreadable

DETAIL_CHARACTERS = 300
CAUSES = 10  # a chain of causes longer than this is a loop

# OpenSSL's X509_V_ERR_* (x509_vfy.h); the ssl module has no names for them.
_HOSTNAME_CODES = frozenset({62, 64})  # name, IP address
INCOMPLETE_CODES = frozenset({2, 20, 21})  # an issuer is neither in the chain nor a root
_AUTHORITY_CODES = INCOMPLETE_CODES | {18, 19}  # self-signed leaf, self-signed root

_ERRNOS = {
    errno.EHOSTUNREACH: Failure.HOST_UNREACHABLE,
    errno.EHOSTDOWN: Failure.HOST_UNREACHABLE,
    errno.ENETUNREACH: Failure.NETWORK_UNREACHABLE,
    errno.ENETDOWN: Failure.NETWORK_UNREACHABLE,
    errno.EADDRNOTAVAIL: Failure.NETWORK_UNREACHABLE,  # no address of our own in this family
    errno.EAFNOSUPPORT: Failure.NETWORK_UNREACHABLE,
}


class ExchangeBroken(Exception):  # noqa: N818 -- a name of the domain: the exchange is broken, not us
    """A failure of the exchange that no library raises."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure


#: All that a request may raise because of the outside; anything else is a fault of our own.
FAULTS = (
    ExchangeBroken,
    OSError,
    httpx.HTTPError,  # of other transports than ours
    Unreadable,
)  # ssl's, time-outs are OSErrors


def failure_of(error: BaseException) -> Failure:
    """Return the failure of an exception; `unknown_failure` when no cause is known either."""
    causes = list(_causes(error))
    names = (*map(_name, causes), *map(_of_httpx, causes))
    return next(filter(None, names), Failure.UNKNOWN)


def describe(error: BaseException) -> str:
    """Return the type and the text of an exception, for a person; at most 300 characters."""
    return f"{type(error).__name__}: {error}"[:DETAIL_CHARACTERS]


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _name(error: BaseException) -> Failure | None:
    match error:
        case ExchangeBroken():
            return error.failure
        case ssl.SSLError():
            return _of_tls(error)
        case OSError():
            return _of_system(error)
    return None


def _of_httpx(error: BaseException) -> Failure | None:
    """Return what httpx's own word says, when nothing below it says more."""
    match error:
        case httpx.TimeoutException():
            return Failure.TIMEOUT
        case httpx.ConnectError():
            return Failure.CONNECTION_REFUSED
        case httpx.NetworkError():
            return Failure.CONNECTION_RESET
        case httpx.ProtocolError():
            return Failure.INVALID_RESPONSE
    return None


def _of_system(error: OSError) -> Failure | None:
    if isinstance(error, TimeoutError):
        return Failure.TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return Failure.CONNECTION_REFUSED
    if isinstance(error, ConnectionError):  # reset, aborted, broken pipe
        return Failure.CONNECTION_RESET
    return _ERRNOS.get(error.errno or 0)


def _of_tls(error: ssl.SSLError) -> Failure:
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return Failure.EOF
    if not isinstance(error, ssl.SSLCertVerificationError):
        return Failure.SSL_FAILED_HANDSHAKE
    code = error.verify_code
    if code in _HOSTNAME_CODES:
        return Failure.SSL_INVALID_HOSTNAME
    if code in _AUTHORITY_CODES:
        return Failure.SSL_UNKNOWN_AUTHORITY
    return Failure.SSL_INVALID_CERTIFICATE

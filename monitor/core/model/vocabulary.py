"""The closed vocabularies: each value is a metric label, a column, a key of the journal."""

from enum import StrEnum


class Verdict(StrEnum):
    """What we say of a target at one instant. The six states are disjoint."""

    UP = "up"
    DEGRADED = "degraded"  # usable, but not as it should be: slow, incomplete chain, dead asset
    DOWN = "down"
    MAINTENANCE = "maintenance"  # the site itself says so, in place of the service
    BLOCKED = "blocked"  # our robot was refused: says nothing of a visitor
    UNKNOWN = "unknown"  # our own line, clock or process: says nothing of the site


class Kind(StrEnum):
    """What a target is, hence what its check demands."""

    PAGE = "page"  # its text is compared
    SHELL = "shell"  # a single-page app: the assets that it names are parts of the check
    LOGIN = "login"  # a public log-in form; never filled in
    FORM = "form"
    HOME = "home"
    API = "api"  # an anonymous sign of life
    REDIRECT = "redirect"  # must lead elsewhere
    RENDERED = "rendered"  # a browser shows it; one of its markers must be on the screen


class Confidence(StrEnum):
    """How sure an entry of the configuration is; never a live check unless `live`."""

    LIVE = "live"
    YES = "yes"
    NO = "no"
    FROM_MEMORY = "from-memory"


class Phase(StrEnum):
    """The step of a request; blackbox_exporter's names."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    PROCESSING = "processing"  # request sent, first byte of the answer awaited
    TRANSFER = "transfer"


class Family(StrEnum):
    """Over which protocol an address is reached."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class ControlStatus(StrEnum):
    """What one control host says of our line over one family."""

    PROMPT = "prompt"  # a whole answer within 3 s, our first packet sent once
    LATE = "late"  # a whole answer, after that time or with packets sent again
    SILENT = "silent"  # nothing came in time
    FAILED = "failed"  # refused, badly certified, in trouble itself
    ABSENT = "absent"  # it has no address of this family, or we have no route of it
    LOST = "lost"  # no answer, and for ten minutes none of any host over this family


class Failure(StrEnum):
    """Why there is no complete answer. OONI's names (df-007) first, then ours."""

    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_REFUSED = "dns_refused_error"
    DNS_BOGON = "dns_bogon_error"  # a public name that resolves to a private address
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    EOF = "eof_error"  # closed before a whole header section
    TIMEOUT = "generic_timeout_error"  # silence in one phase; `Exchange.phase` says which
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"  # expired, not yet valid, wrong use
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    UNKNOWN = "unknown_failure"  # last resort, the exception's type is in `detail`
    DEADLINE = "deadline"  # the whole probe's deadline passed while bytes still came
    TRUNCATED = "truncated"  # closed before the announced length or the last chunk
    TOO_LARGE = "too_large"  # over the bound on body, headers or decompressed size
    INVALID_RESPONSE = "invalid_response"  # not HTTP, or a broken chunk
    INVALID_ENCODING = "invalid_encoding"  # the content coding does not decode
    REDIRECT_LOOP = "redirect_loop"  # an address seen before, or more than 10 hops
    REDIRECT_REFUSED = "redirect_refused"  # private address, other scheme, unreadable Location


class Reason(StrEnum):
    """Why a judgement was given. Holds every `Failure`; French sentences are in `core.french`."""

    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_REFUSED = "dns_refused_error"
    DNS_BOGON = "dns_bogon_error"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    EOF = "eof_error"
    TIMEOUT = "generic_timeout_error"
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    UNKNOWN_FAILURE = "unknown_failure"
    DEADLINE = "deadline"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    INVALID_RESPONSE = "invalid_response"
    INVALID_ENCODING = "invalid_encoding"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_REFUSED = "redirect_refused"

    OK = "ok"
    MOVED = "moved"  # up, at another address of the same site
    SLOW = "slow"
    TLS_CHAIN_INCOMPLETE = "tls_chain_incomplete"
    ASSET_MISSING = "asset_missing"
    SIGN_OF_LIFE_MISSING = "sign_of_life_missing"
    MARKER_MISSING = "marker_missing"
    EMPTY_SHELL = "empty_shell"
    ERROR_TEXT = "error_text"
    OVERLOADED = "overloaded"  # too many visitors: the service says so, to everyone
    NOT_A_PAGE = "not_a_page"  # a 2xx, but source code, a file or unreadable bytes
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    GONE = "gone"
    PARKED = "parked"  # the domain shows a registrar's or a stranger's page
    MAINTENANCE_TEXT = "maintenance_text"
    WAF = "waf"
    CAPTCHA = "captcha"
    RATE_LIMITED = "rate_limited"
    LOGIN_REQUIRED = "login_required"
    ROBOTS = "robots"  # robots.txt asks us not to fetch this
    LOCAL_NETWORK = "local_network"
    LOCAL_IPV4 = "local_ipv4"  # the control hosts do not vouch for our IPv4
    LOCAL_IPV6 = "local_ipv6"
    LOCAL_RESOLVER = "local_resolver"  # our resolvers said nothing of the name
    LOCAL_FILTER = "local_filter"  # a page, or a DNS answer, put in on our side
    LOCAL_BROWSER = "local_browser"  # our browser could not show the page
    LOCAL_PROCESS = "local_process"  # our own process did not run while it waited
    CLOCK = "clock"

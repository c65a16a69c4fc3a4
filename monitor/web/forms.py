"""What a visitor's form says, and where it came from."""

import ipaddress
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

FORM_MAX = 12_000  # bytes
FIELDS_MAX = 200


async def form_fields(request: Request) -> dict[str, list[str]]:
    """Read a form; empty for one that is too long, or none."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > FORM_MAX:
                return {}
        return parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except (ClientDisconnect, ValueError):
        return {}


def client_address(request: Request) -> str:
    """Return the address of a visitor, for the throttle; it is neither logged nor stored.

    A reverse proxy is on a private address: the last address that it adds is its own visitor. From
    elsewhere that header is the visitor's own invention.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        behind_proxy = ipaddress.ip_address(peer).is_private
        return str(ipaddress.ip_address(forwarded)) if behind_proxy and forwarded else peer
    except ValueError:
        return peer

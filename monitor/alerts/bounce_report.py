"""Read what came back: which message it is about, and whether its mailbox exists no more.

Anyone may write to the return address: only a report (RFC 3464) that carries the proof of its
message counts, and that proof is known to us and to the message's recipient alone.
"""

import email
import re
from dataclasses import dataclass
from email.message import Message

from monitor.core.untrusted.library_errors import Unreadable, reading

LARGEST = 64 * 1024  # bytes that are read of one
_WHERE = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_RETURN_PATH = re.compile(r"\+([0-9]{1,18})-([0-9a-f]{12})@")
_PARTS_MAX = 50
_HEADER_MAX = 2_000  # characters of a header that are searched
# RFC 3463: bad mailbox or its domain; a mailbox that is disabled. A full one may be emptied, and
# 5.7 is about us.
_NO_MAILBOX = re.compile(r"5\.(1\.[0-9]{1,3}|2\.1)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """What a report says of one message. `proof` is yet to be checked."""

    message: int
    proof: str
    no_mailbox: bool


def read_bounce(data: bytes) -> BounceReport | None:
    """Return what a mail reports; None for any other mail, or one that cannot be read."""
    try:
        with reading("returned mail"):
            return _report(email.message_from_bytes(data[:LARGEST]))
    except Unreadable:
        return None


def _report(mail: Message) -> BounceReport | None:
    is_report = mail.get_content_type() == "multipart/report"
    if not is_report or mail.get_param("report-type") != "delivery-status":
        return None
    for name in _WHERE:
        for value in mail.get_all(name, []):
            match = _RETURN_PATH.search(str(value)[:_HEADER_MAX])
            if match:
                return BounceReport(
                    message=int(match[1]), proof=match[2], no_mailbox=_has_no_mailbox(mail)
                )
    return None


def _has_no_mailbox(mail: Message) -> bool:
    parts = mail.get_payload()
    for part in parts[:_PARTS_MAX] if isinstance(parts, list) else ():
        if isinstance(part, Message) and part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks[:_PARTS_MAX] if isinstance(blocks, list) else ():
                if isinstance(block, Message) and _failed(block):
                    return True
    return False


def _failed(block: Message) -> bool:
    action = str(block.get("Action", "")).strip().lower()
    status = str(block.get("Status", "")).strip().partition(" ")[0]
    return action == "failed" and _NO_MAILBOX.fullmatch(status) is not None

"""Bounds on the address that a stranger wrote in a form."""

from email_validator import EmailNotValidError, validate_email

LONGEST = 254  # RFC 5321, without the brackets


def normalized(text: str, *, allow_private: bool = False) -> str | None:
    """Return an address as it can be written to; None when it is refused.

    Refused: control characters, quoted local parts, a local part that is not ASCII (it may imitate
    another), literal addresses, reserved domains. A domain in other letters becomes its ASCII
    form, which imitates nothing. The DNS is not asked: the time of an answer tells nothing.
    """
    if len(text) > LONGEST or not text.isprintable():
        return None
    try:
        valid = validate_email(
            text,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            check_deliverability=False,
            strict=True,  # the length of the local part too
            test_environment=allow_private,
        )
    except EmailNotValidError:
        return None
    return valid.ascii_email

"""Numbers of leaves in the addresses of pages."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from monitor.core.untrusted.numbers import whole


def number_asked(request: Request) -> int:
    """Return the number of an address; it fits the columns of both databases.

    Raises HTTPException(404) for what is no number: there is no such page.
    """
    try:
        return whole(str(request.path_params["number"]))
    except ValueError:
        raise HTTPException(404) from None

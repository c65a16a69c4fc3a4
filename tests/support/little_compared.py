"""A page of which less than half can be compared: names that masks know hold the rest."""

_OWN = "<p>Les demandes de titre se déposent en ligne avant la fin du titre en cours.</p>"
_OTHER = "<p>Le département organise des ateliers de cuisine pour les familles du quartier.</p>"


def little_compared(main: str = "", beside: str = "") -> bytes:
    """Return the page with a text more in its main part, or beside it, where nothing is read."""
    return (
        "<!doctype html><title>Séjour</title><body><main><h1>Séjour</h1>"
        f"{_OWN * 3}<p>Le guichet ouvre lundi.{main}</p></main>"
        f'<div class="carousel">{_OTHER}</div><div class="slider">{_OTHER}</div>'
        f'<div class="promos">{_OTHER}{beside}</div>'
        f"<section><div>{_OTHER}</div><div>{_OTHER}</div></section></body>"
    ).encode()

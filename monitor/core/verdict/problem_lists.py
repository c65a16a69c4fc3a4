"""Lists of what a reader may report, as contact forms have: they say nothing of the service."""

import re

_FEWEST_ITEMS = 3
_ITEM_CHARS = 45
_STATED = re.compile(
    r"\b(est|sont|a|ont|ete|ne|n'\w{1,20}|is|are|was|were|has|have|nous|we|merci|please|veuillez"
    r"|reessa\w{1,6}|excus\w{1,6}|desole\w{0,3}|sorry|try)\b"
)


def lists_problems(sentence: str) -> bool:
    """Return whether a folded sentence ends in a list, after a colon, of three short names or more.

    A name is no statement: "site inaccessible, erreur technique, mot de passe perdu". With a verb,
    an excuse or an advice in it, as in "Erreur : le site est arrêté, …", it is none.
    """
    _, colon, listed = sentence.partition(":")
    items = [item.strip(" .;…") for item in listed.split(",")]
    if not colon or len(items) < _FEWEST_ITEMS:
        return False
    return all(0 < len(item) <= _ITEM_CHARS and not _STATED.search(item) for item in items)

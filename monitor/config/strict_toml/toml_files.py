"""Read one TOML file, or return why it cannot be read."""

import re
import tomllib
from pathlib import Path
from typing import Any

from monitor.config.strict_toml.problems import Problem, shown

SIZE_MAX = 1_000_000  # bytes; the longest file shipped is under 20 kB
_PLACE = re.compile(r"\(at line (\d{1,9}), column (\d{1,9})\)$")


def read_toml(folder: Path, name: str) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """Return the tables of `folder/name`, or None and the problem of the file."""
    try:
        with (folder / name).open("rb") as stream:
            data = stream.read(SIZE_MAX + 1)
    except FileNotFoundError:
        return _refused(name, "fichier", "(absent)", "fichier introuvable", "créer ce fichier")
    except OSError as error:
        value = "(accès refusé)" if isinstance(error, PermissionError) else "(illisible)"
        cure = "vérifier que c’est un fichier et que le service a le droit de le lire"
        return _refused(name, "fichier", value, "fichier illisible", cure)
    if len(data) > SIZE_MAX:
        size = f"plus de {SIZE_MAX} octets"
        cure = "vérifier que c’est le bon fichier, ou le partager en plusieurs"
        return _refused(name, "fichier", size, "fichier trop gros", cure)
    if data.startswith(b"\xef\xbb\xbf"):
        cure = "enregistrer le fichier en « UTF-8 sans BOM »"
        return _refused(name, "fichier", "EF BB BF", "marque d’ordre des octets (BOM)", cure)
    return _parse(name, data)


def _parse(name: str, data: bytes) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        value = f"octet {data[error.start]:#04x}"
        cure = "enregistrer le fichier en UTF-8"
        return _refused(name, f"ligne {line}", value, "texte non codé en UTF-8", cure)
    try:
        return tomllib.loads(text), ()
    except RecursionError:
        cure = "vérifier les crochets et les accolades"
        return _refused(name, "fichier", "(illisible)", "tableaux trop imbriqués", cure)
    except ValueError as error:  # TOMLDecodeError, and integers too long for Python
        return _refused(name, *_syntax(str(error), text))


def _syntax(message: str, text: str) -> tuple[str, str, str, str]:
    """Return the place of a syntax error, which tomllib gives only inside its message."""
    lines = text.splitlines() or [""]
    place = _PLACE.search(message)
    line = lines[min(int(place[1]), len(lines)) - 1] if place else lines[-1]
    key = f"ligne {place[1]}, colonne {place[2]}" if place else "fin du fichier"
    cure = "corriger cette ligne (guillemets, signe =, crochets, clé écrite deux fois)"
    return key, shown(line.strip()), "syntaxe TOML invalide", cure


def _refused(name: str, *rest: str) -> tuple[None, tuple[Problem, ...]]:
    key, value, reason, cure = rest
    return None, (Problem(file=name, key=key, value=value, reason=reason, cure=cure),)

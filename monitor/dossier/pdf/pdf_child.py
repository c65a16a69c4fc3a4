"""The process that sets one PDF: this file run by itself, with a request on its stdin.

It reads JSON (see `pdf_compiler.py`), writes the PDF to stdout, and can reach nothing
but the templates: typst's root is their folder, which has no data; there are no packages and no
fonts but its own; no file can be written; memory and time are bounded. Its memory goes back to the
system with it.
"""

import json
import os
import resource
import sys
from pathlib import Path

# For what typst itself would ask: packages by HTTPS, which is no road here.
_NOWHERE = "/nonexistent"
_NICE = 10  # probes come first


def main() -> int:
    """Set the PDF of the request; return 0, or 1 after saying why not on stderr."""
    os.nice(_NICE)
    request = json.load(sys.stdin.buffer)
    os.environ.update({"HTTPS_PROXY": "http://127.0.0.1:9", "RAYON_NUM_THREADS": "1"})
    import typst  # noqa: PLC0415 -- after what it reads from the environment

    resource.setrlimit(resource.RLIMIT_AS, (request["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    templates = Path(__file__).with_name("templates")
    try:
        pdf = typst.compile(
            templates / "piece.typ",
            root=templates,
            ignore_system_fonts=True,
            package_path=_NOWHERE,
            package_cache_path=_NOWHERE,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=request["timestamp"],
            sys_inputs={"document": request["document"]},
        )
    except typst.TypstError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())

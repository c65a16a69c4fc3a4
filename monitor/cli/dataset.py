"""`vigie dataset`: one month of the record as open data."""

import os
import shutil
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from monitor.cli.parsing import CommandRefused, Commands, folders
from monitor.config import load
from monitor.config.settings import read_settings
from monitor.core.french.formatting import count
from monitor.dataset.data_package import edition, write_dataset
from monitor.dataset.month_rows import MonthSpan
from monitor.dataset.table_files import require_writer
from monitor.runtime.errors import in_french
from monitor.store import Store

_UNFINISHED = ".en-cours"  # suffix of the name of a folder that is not whole yet


def add(commands: Commands) -> None:
    """Add the command."""
    parser: ArgumentParser = commands.add_parser(
        "dataset",
        help="les données ouvertes d’un mois : CSV, Parquet et datapackage.json",
        description="Écrit dans un dossier les relevés d’un mois de Paris et ce qui en découle, en "
        "CSV et en Parquet, avec leur description. Le même mois donne les mêmes octets.",
    )
    folders(parser)
    parser.add_argument(
        "--month", type=_month, required=True, metavar="AAAA-MM", help="mois de Paris"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DOSSIER",
        help="dossier à créer (par défaut : vigie-anef-AAAA-MM)",
    )
    parser.add_argument(
        "--provisional",
        action="store_true",
        help="un jeu de données marqué provisoire, si le mois peut encore changer",
    )
    parser.set_defaults(run=run_dataset)


def _month(text: str) -> MonthSpan:
    try:
        return MonthSpan.named(text)
    except ValueError:
        raise ArgumentTypeError(f"« {text[:20]} » n’est pas un mois : AAAA-MM") from None


def run_dataset(args: Namespace) -> int:
    """Write the data set. The service may run meanwhile: what it adds is not in it."""
    require_writer()
    month: MonthSpan = args.month
    out: Path = args.out or Path(f"vigie-anef-{month.name}")
    if out.exists():
        raise CommandRefused(f"{out} existe déjà : donner un dossier à créer.")
    config = load(args.config)
    settings = read_settings(os.environ, data=args.data)
    making = out.with_name(f"{out.name}{_UNFINISHED}")
    with Store.open(settings.database_url, point=settings.point, writer=False) as store:
        chosen = edition(store, month, config, provisional=args.provisional)
        try:
            shutil.rmtree(making, ignore_errors=True)  # of an interrupted run
            making.mkdir(parents=True)
            rows = write_dataset(making, store, month, config, chosen)
            making.rename(out)
        except OSError as error:
            raise CommandRefused(f"{error.filename or out} : {in_french(error)}") from None
    print(
        f"{out} : {count(rows['observations'], 'relevé')} de {count(rows['targets'], 'cible')}, "
        f"au point de contrôle de {count(chosen.checkpoint.size, 'feuille')}."
    )
    if chosen.provisional:
        print("Provisoire : le mois peut encore changer.")
    return 0

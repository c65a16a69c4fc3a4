"""The configuration that is shipped, read once in each process: reading it takes half a second."""

from pathlib import Path

from monitor.config import load

FOLDER = Path(__file__).parents[2] / "config"
SHIPPED = load(FOLDER)

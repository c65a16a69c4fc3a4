"""Charts as SVG, rendered by the program: pure geometry here, thin macros in `charts.html`.

A chart is legible without a style sheet (presentation attributes), so that the same drawing serves
a page and a printed file. Each has a title, a description, and a table with the same figures.
"""

from pathlib import Path

MACROS = Path(__file__).parent  # a folder of templates: {% import "charts.html" as charts %}

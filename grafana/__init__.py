"""The dashboards of Grafana: `python -m grafana.build` writes them."""

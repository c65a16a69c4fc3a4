"""The record of one month as open data: CSV, Parquet and a `datapackage.json`."""

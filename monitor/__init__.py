"""Vigie ANEF: a record of what the public pages of ANEF and of the prefectures answered."""

__version__ = "0.1.0"

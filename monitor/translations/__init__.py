"""The languages that pages and mails are written in, and their catalogues (gettext)."""

from monitor.translations.catalogues import LANGUAGES, language_of

__all__ = ["LANGUAGES", "language_of"]

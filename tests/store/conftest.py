from tests.support.databases import database_url, empty_url, postgres, sqlite_template

__all__ = ["database_url", "empty_url", "postgres", "sqlite_template"]

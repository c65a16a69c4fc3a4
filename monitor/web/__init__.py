"""The web pages: an application in its own process, which only reads the record."""

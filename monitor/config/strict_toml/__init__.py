"""TOML read strictly: every fault at once, described so that an operator can fix it."""

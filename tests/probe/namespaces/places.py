"""Who has which address in the namespaces."""

PORT = 443
FIRST, SECOND = "203.0.113.100", "203.0.113.101"  # resolvers
CONTROLS = tuple(f"temoin-{number}.test" for number in range(1, 5))
SITES = ("quatre.test", "deux.test")
HOSTS = {
    host: (f"203.0.113.{number}", f"2001:db8:1::{number}")
    for number, host in enumerate((*CONTROLS, "deux.test"), start=1)
} | {"quatre.test": ("203.0.113.9",)}
ADDRESSES = (FIRST, SECOND, *(each for found in HOSTS.values() for each in found))

"""Which IP addresses the internet can reach: one list for everything that sends requests.

From IANA's special-purpose address registries (IPv4, of 2026-07; IPv6, of 2026-07) and the
IPv6 global unicast assignments. What is not known to be public is not public. An IPv4 address
inside a NAT64 address is judged itself; other transition addresses (mapped, compatible, 6to4,
Teredo, local NAT64) lead where nobody can tell, and no site publishes one.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IpAddress = IPv4Address | IPv6Address

PORTS = frozenset({80, 443})  # what the web is served on; others only where configured

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by a provider's customers
            "127.0.0.0/8",
            "169.254.0.0/16",  # link local; the metadata of cloud machines
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved; broadcast
        ),
    )
)
_UNICAST_6 = IPv6Network("2000::/3")  # all that was ever assigned to be reached by all
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID, AMT
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def is_public(address: str | IpAddress) -> bool:
    """Return whether an address is reachable from the whole internet.

    False for what is not an IP address, and for one of a zone ("fe80::1%eth0").
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    if ip.scope_id is not None:
        return False
    if ip in _NAT64:
        return is_public(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return ip in _UNICAST_6 and not any(ip in network for network in _NOT_PUBLIC_6)

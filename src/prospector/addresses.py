"""Which addresses may be dialled on behalf of a URL that a stranger may have written.

The rule against server-side request forgery. It is applied to the address that is dialled, never
to a name: names can answer differently the next time.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# Python 3.11 calls several of these global, later versions others: named here, the answer is the
# same on all. Most carry an IPv4 address that a gateway on our side may unwrap and dial.
_NEVER_V4 = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments; 192.0.0.9 is the nearest NAT gateway (RFC 7723)
    IPv4Network("192.88.99.0/24"),  # the nearest 6to4 relay (RFC 7526)
)
_NEVER_V6 = (
    IPv6Network("::/96"),  # IPv4-compatible, ::1 and ::
    IPv6Network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    IPv6Network("64:ff9b:1::/48"),  # NAT64 on the local network (RFC 8215)
    IPv6Network("2001::/23"),  # Teredo and other protocol assignments (RFC 2928)
    IPv6Network("2002::/16"),  # 6to4 (RFC 3056)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
    IPv6Network("5f00::/16"),  # segment routing (RFC 9602)
    IPv6Network("fec0::/10"),  # site-local (RFC 3879)
)


def allowed(address: Address) -> bool:
    """Whether an address is on the public internet, and nothing that leads back to us."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not _within(address, _NEVER_V4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return allowed(address.ipv4_mapped)
    return address.is_global and not address.is_multicast and not _within(address, _NEVER_V6)


def _within(address: Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def parse(text: str) -> Address | None:
    """The address in a resolver's or a socket's words; None where it is none."""
    try:
        return IPv6Address(text) if ":" in text else IPv4Address(text)
    except ValueError:
        return None


_DOTS = str.maketrans({"。": ".", "．": ".", "｡": "."})
# A last label of digits or of 0x… makes the host an IPv4 address to some resolvers and browsers
# (WHATWG URL, "ends in a number"), whatever stands before it.
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")


def literal(host: str) -> Address | None:
    """The address that a URL's host is written as, or None where it is a name.

    Brackets and one trailing dot are taken off. Raises `ValueError` for an address in disguise
    (`2130706433`, `0x7f.1`, `017700000001`, `127.1`, `1.2.3.4%eth0`, a zone id): what is dialled
    would depend on who reads it, and nobody writes it so in good faith.
    """
    plain = unicodedata.normalize("NFKC", host.translate(_DOTS)).lower()
    if plain.startswith("[") and plain.endswith("]"):
        plain = plain[1:-1]
    plain = plain.removesuffix(".")
    if "%" in plain:
        raise ValueError("it has a zone id or an escaped character")
    address = parse(plain)
    if address is None and (":" in plain or _ENDS_IN_A_NUMBER.search(plain)):
        raise ValueError("it is an IP address in disguise")
    return address

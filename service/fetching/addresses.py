"""Which addresses may be asked: public ones, and those that the operator has allowed.

What lies inside (private, loopback, link-local, reserved) is refused in each form in which IPv6 can carry it. What
names the machine itself to its cloud (link-local and the addresses of metadata services) is never allowed.
"""

import socket
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from service.config import network_in
from service.errors import Problem
from service.text import N_

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""(host, port) → the addresses of the host, as text. Raises OSError."""

LONGEST_URL = 2000
PORTS = {"http": 80, "https": 443}
UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")
NEVER = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::/32",  # metadata of Amazon's cloud over IPv6
        "100.100.100.200/32",  # of Alibaba's
        "168.63.129.16/32",  # of Microsoft's, which is a public address
        "0.0.0.0/8",
        "224.0.0.0/4",
        "ff00::/8",
        "::/128",
    )
)


class AddressRefused(Problem):
    """This address is not asked; `reason` says why: `scheme`, `credentials`, `unreadable`, `too_long`, `inside`."""

    status, code, message = 422, "address_refused", N_("This address cannot be asked.")


class Allowed:
    """What the operator allows beside the public internet: hosts by name, and networks."""

    def __init__(self, texts: Collection[str] = ()) -> None:
        networks = {text: network_in(text) for text in texts}
        self.hosts = {text.lower() for text, network in networks.items() if network is None}
        self.networks = [network for network in networks.values() if network is not None]

    def may(self, host: str, address: Address) -> bool:
        """Whether this address of this host may be connected to."""
        forms = forms_of(address)
        if any(form in network for form in forms for network in NEVER):
            return False
        if host in self.hosts or all(any(form in network for network in self.networks) for form in forms):
            return True
        return all(is_public(form) for form in forms)


def forms_of(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses that it carries; a mapped one is nothing but what it carries."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    teredo = address.teredo or ()
    inner = [form for form in (address.sixtofour, *teredo) if form is not None]
    if address in NAT64:
        return [IPv4Address(address.packed[-4:])]
    if address in COMPATIBLE and int(address) > 1:
        inner.append(IPv4Address(address.packed[-4:]))
    return [address, *inner]


def is_public(address: Address) -> bool:
    """Whether anybody on the internet would reach the same machine under this address."""
    if address.version == 6 and address not in UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def read_url(url: str) -> Url:
    """The parts of a URL that may be asked, as the connection will read them. Raises AddressRefused."""
    if len(url) > LONGEST_URL:
        raise AddressRefused(reason="too_long", most=LONGEST_URL)
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise AddressRefused(reason="unreadable")
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise AddressRefused(reason="unreadable") from None
    if parts.scheme not in PORTS:
        raise AddressRefused(reason="scheme")
    if parts.auth is not None:
        raise AddressRefused(reason="credentials")
    if not parts.host or "%" in parts.host or parts.port == 0:
        raise AddressRefused(reason="unreadable")
    return parts


def host_in(parts: Url) -> str:
    """The host without the brackets of IPv6 and without the dot at the end."""
    return str(parts.host).strip("[]").rstrip(".").lower()


def port_in(parts: Url) -> int:
    """The port that is connected to."""
    return parts.port or PORTS[str(parts.scheme)]


def origin_of(url: str) -> str:
    """Scheme, host and port: whom credentials are for. Raises AddressRefused."""
    parts = read_url(url)
    return f"{parts.scheme}://{host_in(parts)}:{port_in(parts)}"


def ensure_askable(url: str, allowed: Allowed) -> None:
    """What can be said of a URL before its host is looked up. Raises AddressRefused."""
    host = host_in(read_url(url))
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not allowed.may(host, address):
        raise AddressRefused(reason="inside", host=host)


def addresses_of(host: str, port: int) -> list[str]:
    """What the machine's resolver says. Raises OSError."""
    found: Any = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(place[0].partition("%")[0] for *_, place in found))


def checked(host: str, answers: Sequence[str], allowed: Allowed) -> list[Address]:
    """The addresses to connect to, one after the other; one among them that is refused refuses all.

    Raises AddressRefused.
    """
    found = [ip_address(answer) for answer in answers]
    if not all(allowed.may(host, address) for address in found):
        raise AddressRefused(reason="inside", host=host)
    return found

"""Which URLs may be called, and which addresses behind their names.

A URL comes from a client and is called from inside: whoever could name any address would reach metadata
services, Redis or Triton through us. So only public addresses are called, by https, unless the operator names
networks of his own. What a name stands for is asked, checked and used at the time of delivery, as it may
change between order and delivery, or between check and use.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from services.contract.errors import TargetRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST_URL = 2048
PORTS = (443, 8443)
DEFAULT_PORTS = {"https": 443, "http": 80}
LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*)?"
    r"(?P<query>\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?"
)
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
# The last label begins with a letter: what ends in a number is an address to resolvers.
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[A-Za-z]){_LABEL}")

# IANA's registries of special-purpose addresses, without those that are reachable as any other.
_NEVER_4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own, although it looks public
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Outside of 2000::/3 nothing is public. Within it some forms carry an IPv4 address that a gateway would call.
_GLOBAL_6 = IPv6Network("2000::/3")
_NEVER_6 = tuple(IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


@dataclass(frozen=True)
class Endpoint:
    """A URL that may be called if its host's addresses may. ``host`` is a name or an address without
    brackets, ``target`` path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as in the ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Policy:
    """``ports``: those that are called on public addresses; none means any. ``networks``: addresses that are
    called although they are not public, on any port and by http too."""

    networks: tuple[Network, ...] = ()
    ports: tuple[int, ...] = PORTS

    def check(self, url: str) -> Endpoint:
        """The parts of ``url``, without asking anybody what its name stands for. Raises TargetRefused."""
        found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
        if found is None:
            raise TargetRefused(
                f"must be an http or https URL of at most {LONGEST_URL} ASCII characters, "
                "without user, password and fragment"
            )
        scheme, host = found["scheme"], found["host"].strip("[]").removesuffix(".").lower()
        port = int(found["port"] or DEFAULT_PORTS[scheme])
        if not 0 < port < 65536:
            raise TargetRefused("its port must be 1 to 65535")
        endpoint = Endpoint(scheme, host, port, (found["path"] or "/") + (found["query"] or ""))
        address = _literal(found["host"], host)
        if address is not None:
            self.admit(endpoint, address)
        elif _is_local(host):
            self.admit(endpoint, IPv4Address("127.0.0.1"))
        elif all(network.is_loopback for network in self.networks):
            self._check_public(endpoint)
        return endpoint

    def admit(self, endpoint: Endpoint, address: Address) -> None:
        """Nothing, if ``address`` may be called for ``endpoint``. Raises TargetRefused."""
        if any(address in network for network in self.networks):
            return
        if not is_public(address):
            raise TargetRefused("its host is not a public address")
        self._check_public(endpoint)

    def _check_public(self, endpoint: Endpoint) -> None:
        if endpoint.scheme != "https":
            raise TargetRefused("must be an https URL")
        if self.ports and endpoint.port not in self.ports:
            raise TargetRefused(f"its port must be one of {', '.join(map(str, self.ports))}")


def is_public(address: Address) -> bool:
    """Whether ``address`` is one of the public internet and stands for no other."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _NEVER_4)
    if address.scope_id is not None or address not in _GLOBAL_6:
        return False
    return not any(address in block for block in _NEVER_6)


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated networks such as ``10.0.0.0/8, fd00::/8``. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _literal(written: str, host: str) -> Address | None:
    """The address that ``host`` is, None where it is a name. Raises TargetRefused for what is neither, such
    as ``127.1`` or ``0x7f000001``, which resolvers take for addresses."""
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if written.startswith("[") != isinstance(address, IPv6Address):
        raise TargetRefused("its host is not a valid address")
    if address is None and (len(host) > 253 or _NAME.fullmatch(host) is None):
        raise TargetRefused("its host is not a valid name")
    return address


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")

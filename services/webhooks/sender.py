"""One POST to one receiver: to an address that was checked, once, within a deadline, whatever it answers.

A client library would resolve the name anew after our check, and bounds each read rather than the whole: a
receiver that sends a byte now and then would hold it for hours.
"""

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address

import certifi
import h11

from services.contract.errors import ReceiverUnavailable
from services.webhooks.policy import Endpoint, Policy

TIMEOUT_S = 10.0
LONGEST_ANSWER = 64 * 1024
"""Bytes until the end of the answer's headers. Its body is not read."""

Resolve = Callable[[str, int], list[str]]


def addresses(host: str, port: int) -> list[str]:
    """What ``host`` stands for now, in the order of preference. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def trust() -> ssl.SSLContext:
    """The machine's certificate authorities (``SSL_CERT_FILE`` adds to them) and, as a bare machine has none,
    Mozilla's. Reads files."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class Sender:
    """Sends to whom ``policy`` admits. ``timeout_s`` bounds a whole exchange from the name's answer on. Safe
    for threads."""

    def __init__(
        self,
        policy: Policy,
        context: ssl.SSLContext,
        *,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve = addresses,
    ) -> None:
        self._policy, self._context = policy, context
        self._timeout_s, self._resolve = timeout_s, resolve

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer to JSON ``body``. A redirect is an answer like any other.

        Raises TargetRefused where the URL or any of its addresses is not to be called, ReceiverUnavailable
        where there is no answer."""
        endpoint = self._policy.check(url)
        try:
            found = self._resolve(endpoint.host, endpoint.port)
            for address in found:
                self._policy.admit(endpoint, ip_address(address))
            deadline = time.monotonic() + self._timeout_s
            with self._connect(endpoint, found, deadline) as connection:
                return _exchange(connection, _request(endpoint, headers, len(body)), body, deadline)
        except (OSError, h11.RemoteProtocolError) as error:
            raise ReceiverUnavailable(f"{type(error).__name__}: {error}") from error

    def _connect(self, endpoint: Endpoint, found: list[str], deadline: float) -> socket.socket:
        plain = _dial(found, endpoint.port, deadline)
        if endpoint.scheme == "http":
            return plain
        try:
            plain.settimeout(_left_s(deadline))
            return self._context.wrap_socket(plain, server_hostname=endpoint.host)
        except OSError:
            plain.close()
            raise


def _dial(found: list[str], port: int, deadline: float) -> socket.socket:
    """A connection to the first address that takes it, each having its share of the time."""
    failure: OSError = OSError("the name has no address")
    for at, address in enumerate(found):
        try:
            return socket.create_connection((address, port), _left_s(deadline) / (len(found) - at))
        except OSError as error:
            failure = error
    raise failure


def _request(endpoint: Endpoint, headers: Mapping[str, str], size_bytes: int) -> h11.Request:
    fixed = {
        "host": endpoint.authority,
        "user-agent": "Moviola-Webhooks/1",
        "content-type": "application/json",
        "content-length": str(size_bytes),
        "connection": "close",
    }
    return h11.Request(method="POST", target=endpoint.target, headers=list({**fixed, **headers}.items()))


def _exchange(connection: socket.socket, request: h11.Request, body: bytes, deadline: float) -> int:
    protocol = h11.Connection(h11.CLIENT)
    out = [protocol.send(event) for event in (request, h11.Data(data=body), h11.EndOfMessage())]
    connection.settimeout(_left_s(deadline))
    connection.sendall(b"".join(part for part in out if part))
    seen = 0
    while True:
        event = protocol.next_event()
        if isinstance(event, h11.Response):
            return event.status_code
        if event is h11.NEED_DATA:
            connection.settimeout(_left_s(deadline))
            chunk = connection.recv(4096)
            seen += len(chunk)
            if seen > LONGEST_ANSWER:
                raise ReceiverUnavailable("its answer has too long headers")
            protocol.receive_data(chunk)
        elif not isinstance(event, h11.InformationalResponse):
            raise ReceiverUnavailable("it closed the connection without an answer")


def _left_s(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.contract.errors import ReceiverUnavailable, TargetRefused
from services.webhooks.policy import LOOPBACK, Policy
from services.webhooks.sender import Resolve, Sender, addresses, trust
from tests.receiver import Receiver, receiving

PEM = Path(__file__).with_name("hooks.example.pem")
LOCAL = Policy(networks=LOOPBACK, ports=())
BODY = b'{"object":"event"}'


def sender(resolve: Resolve = addresses, timeout_s: float = 5, policy: Policy | None = None) -> Sender:
    context = ssl.create_default_context(cafile=str(PEM))
    return Sender(policy or LOCAL, context, timeout_s=timeout_s, resolve=resolve)


def to(*found: str) -> Resolve:
    """Every name stands for these addresses."""
    return lambda host, port: list(found)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@contextmanager
def listening(talk: Callable[[socket.socket], None], address: str = "127.0.0.1") -> Iterator[int]:
    """A server that hands its one connection to ``talk``; gives its port."""

    def serve() -> None:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            talk(connection)

    with socket.create_server((address, 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


def answering(answer: bytes, asked: list[bytes] | None = None) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        heard = b""
        while BODY not in heard:
            heard += connection.recv(65536)
        if asked is not None:
            asked.append(heard)
        connection.sendall(answer)

    return talk


def test_a_request_is_whole(receiver: Receiver) -> None:
    assert sender().post(receiver.url, {"webhook-id": "evt_1"}, BODY) == 204
    (request,) = receiver.received
    assert (request.path, request.body) == ("/hook?a=b", BODY)
    assert request.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "user-agent": "Moviola-Webhooks/1",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "connection": "close",
        "webhook-id": "evt_1",
    }


@pytest.mark.parametrize("status", [200, 299, 404, 410, 503])
def test_the_status_is_told(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda number: status
    assert sender().post(receiver.url, {}, BODY) == status


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda number: status
    assert sender().post(receiver.url, {}, BODY) == status
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
        ["8.8.8.8", "127.0.0.1"],
    ],
)
def test_a_name_is_not_called_where_any_of_its_addresses_is_refused(
    found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dial(*_: object) -> None:
        raise AssertionError("called")

    monkeypatch.setattr(socket, "create_connection", dial)
    with pytest.raises(TargetRefused):
        sender(to(*found), policy=Policy()).post("https://hooks.example/", {}, BODY)


def test_the_address_that_was_checked_is_the_one_that_is_called(receiver: Receiver) -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    url = f"http://rebinding.localhost:{receiver.port}/"
    assert sender(lambda host, port: next(answers)).post(url, {}, BODY) == 204
    assert receiver.received[0].headers["host"] == f"rebinding.localhost:{receiver.port}"
    assert next(answers) == ["127.0.0.2"], "the name was asked for once more"


def test_the_next_address_is_tried_where_the_first_does_not_listen(receiver: Receiver) -> None:
    url = f"http://two.localhost:{receiver.port}/"
    assert sender(to("127.0.0.9", "127.0.0.1")).post(url, {}, BODY) == 204


def test_localhost_is_looked_up(receiver: Receiver) -> None:
    assert sender().post(f"http://localhost:{receiver.port}/", {}, BODY) == 204


@pytest.mark.parametrize("talk", [lambda one: None, answering(b""), answering(b"SSH-2.0-OpenSSH\r\n\r\n")])
def test_who_does_not_speak_http_is_not_available(talk: Callable[[socket.socket], None]) -> None:
    with listening(talk) as port, pytest.raises(ReceiverUnavailable):
        sender().post(f"http://127.0.0.1:{port}/", {}, BODY)


def test_nobody_listens(own_port: int) -> None:
    with pytest.raises(ReceiverUnavailable, match="ConnectionRefused"):
        sender().post(f"http://127.0.0.1:{own_port}/", {}, BODY)


def test_a_name_that_nobody_knows() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolve in (unknown, to()):
        with pytest.raises(ReceiverUnavailable):
            sender(resolve).post("https://hooks.example/", {}, BODY)


def test_a_receiver_that_says_nothing_is_left_after_the_time() -> None:
    gone = threading.Event()
    with listening(lambda one: gone.wait(10) and None) as port:
        begun = time.monotonic()
        with pytest.raises(ReceiverUnavailable, match="Timeout"):
            sender(timeout_s=0.3).post(f"http://127.0.0.1:{port}/", {}, BODY)
        assert 0.3 <= time.monotonic() - begun < 2
        gone.set()


def dripping(connection: socket.socket) -> None:
    try:
        for byte in b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)
    except OSError:
        return


def test_a_receiver_that_drips_is_left_after_the_time() -> None:
    with listening(dripping) as port:
        begun = time.monotonic()
        with pytest.raises(ReceiverUnavailable, match="TimeoutError"):
            sender(timeout_s=0.5).post(f"http://127.0.0.1:{port}/", {}, BODY)
        assert 0.5 <= time.monotonic() - begun < 2


def test_an_endless_body_is_not_read() -> None:
    sent = []

    def talk(connection: socket.socket) -> None:
        answering(b"HTTP/1.1 200 OK\r\n\r\n")(connection)
        try:
            while len(sent) < 10_000:
                sent.append(connection.send(b"a" * 65536))
        except OSError:
            return

    with listening(talk) as port:
        assert sender().post(f"http://127.0.0.1:{port}/", {}, BODY) == 200
    assert sum(sent) < 100 * 2**20


def test_endless_headers_are_not_read() -> None:
    def talk(connection: socket.socket) -> None:
        answering(b"HTTP/1.1 200 OK\r\n")(connection)
        try:
            for _ in range(1000):
                connection.sendall(b"x-header: " + b"a" * 1000 + b"\r\n")
        except OSError:
            return

    with listening(talk) as port, pytest.raises(ReceiverUnavailable):
        sender().post(f"http://127.0.0.1:{port}/", {}, BODY)


def test_endless_interim_answers_are_not_read() -> None:
    def talk(connection: socket.socket) -> None:
        try:
            answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 100_000)(connection)
        except OSError:
            return

    with listening(talk) as port, pytest.raises(ReceiverUnavailable, match="too long"):
        sender().post(f"http://127.0.0.1:{port}/", {}, BODY)


def test_an_interim_answer_is_not_the_answer() -> None:
    with listening(answering(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n")) as port:
        assert sender().post(f"http://127.0.0.1:{port}/", {}, BODY) == 410


def over_tls(talk: Callable[[socket.socket], None], names: list[str]) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    context.sni_callback = lambda one, name, _: names.append(name)

    def wrapped(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                talk(secured)
        except OSError:
            return

    return wrapped


def test_the_certificate_is_held_against_the_name() -> None:
    names: list[str] = []
    asked: list[bytes] = []
    talk = answering(b"HTTP/1.1 200 OK\r\n\r\n", asked)
    with listening(over_tls(talk, names)) as port:
        assert sender(to("127.0.0.1")).post(f"https://hooks.example:{port}/x", {}, BODY) == 200
    assert names == ["hooks.example"]
    assert asked[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert f"host: hooks.example:{port}\r\n".encode() in asked[0].lower()


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_another_name_is_refused(host: str) -> None:
    asked: list[bytes] = []
    talk = over_tls(answering(b"HTTP/1.1 200 OK\r\n\r\n", asked), [])
    with listening(talk) as port, pytest.raises(ReceiverUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        sender(to("127.0.0.1")).post(f"https://{host}:{port}/", {}, BODY)
    assert asked == []


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with listening(over_tls(answering(b"HTTP/1.1 200 OK\r\n\r\n"), [])) as port:
        strict = Sender(LOCAL, trust(), resolve=to("127.0.0.1"))
        with pytest.raises(ReceiverUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            strict.post(f"https://hooks.example:{port}/", {}, BODY)


def test_plain_http_in_place_of_tls_is_refused() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with listening(talk) as port, pytest.raises(ReceiverUnavailable, match="SSL"):
        sender(to("127.0.0.1")).post(f"https://hooks.example:{port}/", {}, BODY)

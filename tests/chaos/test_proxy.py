import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import wire


@pytest.fixture
def echo() -> Iterator[str]:
    """An address at which one is answered with one's own words."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(100):
                    connection.sendall(data)

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)), 5)
    connection.settimeout(5)
    return connection


def test_all_that_is_connected_falls_silent_and_new_ones_are_heard(echo: str) -> None:
    with wire(echo) as (address, process):
        old = [connect(address) for _ in range(4)]
        for one in old:
            one.sendall(b"a")
            assert one.recv(1) == b"a"
        old.pop(1).close()
        time.sleep(0.2)
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        for one in old:
            one.sendall(b"b")
            one.settimeout(0.3)
            with pytest.raises(TimeoutError):
                one.recv(1)
        with connect(address) as new:
            new.sendall(b"c")
            assert new.recv(1) == b"c"
        for one in old:
            one.close()

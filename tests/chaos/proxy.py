"""``python -m tests.chaos.proxy PORT HOST:PORT``: a wire that can lose its other end.

At SIGUSR1 the connections there are fall silent: they stay open, and whatever either side sends is swallowed,
as when a peer's machine has vanished or a firewall forgot them. A side that closes tells the other nothing.
Later connections go through.
"""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from services.local.ports import free_ports


@dataclass(eq=False)
class _Link:
    silent: bool = False


class Wire:
    """Carries bytes between whoever connects and ``host``:``port``."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._links: list[_Link] = []
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, port: int) -> None:
        """Listen on 127.0.0.1:``port`` until cancelled."""
        async with await asyncio.start_server(self._connect, "127.0.0.1", port) as server:
            await server.serve_forever()

    def fall_silent(self) -> None:
        """All that is connected now is, from now on, heard by nobody."""
        for link in self._links:
            link.silent = True
        self._links.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        link = _Link()
        self._links.append(link)
        # A writer that nobody holds is closed.
        self._open |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer, link), _pump(far_reader, writer, link))
        if not link.silent:
            self._links.remove(link)
            self._open -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(2**16):
            if not link.silent:
                writer.write(data)
                await writer.drain()
    if not link.silent:
        writer.close()


async def _run(port: int, host: str, target: int) -> None:
    wire = Wire(host, target)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, wire.fall_silent)
    await wire.serve(port)


def command(port: int, target: str) -> list[str]:
    """How to start a wire from 127.0.0.1:``port`` to ``target`` (host:port)."""
    return [sys.executable, "-m", "tests.chaos.proxy", str(port), target]


@contextlib.contextmanager
def wire(target: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A wire to ``target``: its address, and its process."""
    (port,) = free_ports(1)
    with subprocess.Popen(command(port, target)) as process:
        try:
            while not _listens(port):
                assert process.poll() is None
                time.sleep(0.05)
            yield f"127.0.0.1:{port}", process
        finally:
            process.kill()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    to_host, _, to_port = sys.argv[2].rpartition(":")
    asyncio.run(_run(int(sys.argv[1]), to_host, int(to_port)))

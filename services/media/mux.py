"""Picture and sound into one film, by stream copy."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream


def mux(picture: Path, sound: Path | None, out: Path) -> None:
    """Write ``out``: the picture's packets and the sound's, none left out, as an MP4 with its index in front.

    Same inputs give the same bytes. Raises av.FFmpegError where an input is not a media file.
    """
    with ExitStack() as stack:
        sources = [stack.enter_context(av.open(path)) for path in (picture, sound) if path is not None]
        inputs = [source.streams[0] for source in sources]
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        container = stack.enter_context(av.open(out, "w", format="mp4", options=options))
        outputs = [container.add_stream_from_template(stream) for stream in inputs]
        for index, packet in _in_time_order([_packets(*pair) for pair in zip(sources, inputs, strict=True)]):
            packet.stream = outputs[index]
            container.mux_one(packet)


def _packets(source: InputContainer, stream: Stream) -> "Iterator[Packet[Stream]]":
    return (packet for packet in source.demux(stream) if packet.dts is not None)


def _in_time_order(sources: "list[Iterator[Packet[Stream]]]") -> "Iterator[tuple[int, Packet[Stream]]]":
    """Packets of all sources by decoding time, so that the muxer has to hold none back."""
    heads = [next(source, None) for source in sources]
    while any(heads):
        waiting = [(_time(packet), index) for index, packet in enumerate(heads) if packet is not None]
        index = min(waiting)[1]
        packet = heads[index]
        heads[index] = next(sources[index], None)
        assert packet is not None
        yield index, packet


def _time(packet: "Packet[Stream]") -> float:
    assert packet.dts is not None
    return float(packet.dts * packet.time_base)

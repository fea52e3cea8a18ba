"""Picture and sound into one film, by stream copy."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from services.contract.errors import GenerationError


def mux(pictures: Sequence[Path], sound: Path | None, out: Path) -> None:
    """Write ``out``: the packets of ``pictures``, one after the other, and the sound's, none left out, as an
    MP4 with its index in front.

    Same inputs give the same bytes. Raises av.FFmpegError where an input is not a media file,
    GenerationError where the pictures are not of one encoder, OSError where the disk does not take it.
    """
    with ExitStack() as stack:
        first = stack.enter_context(av.open(pictures[0]))
        heard = stack.enter_context(av.open(sound)) if sound is not None else None
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        container = stack.enter_context(av.open(out, "w", format="mp4", options=options))
        sources = [first, heard] if heard else [first]
        outputs = [container.add_stream_from_template(source.streams[0]) for source in sources]
        tracks = [_joined(pictures, first)] + ([_packets(heard)] if heard else [])
        for index, packet in _in_time_order(tracks):
            packet.stream = outputs[index]
            container.mux_one(packet)


def _joined(pictures: Sequence[Path], first: InputContainer) -> "Iterator[Packet[Stream]]":
    """Packets of all ``pictures``, each behind the end of the one before; ``first`` is the open first one."""
    model, end = first.streams[0], 0
    for path in pictures:
        with av.open(path) as source:
            stream = source.streams[0]
            if _head(stream) != _head(model):
                raise GenerationError(f"{path.name} was not encoded as the pictures before it")
            start = end
            for packet in _packets(source):
                assert packet.pts is not None
                assert packet.dts is not None
                packet.pts, packet.dts = packet.pts + start, packet.dts + start
                end = max(end, packet.pts + (packet.duration or 0))
                yield packet


def _head(stream: Stream) -> tuple[object, ...]:
    return stream.codec_context.extradata, stream.time_base


def _packets(source: InputContainer) -> "Iterator[Packet[Stream]]":
    return (packet for packet in source.demux(source.streams[0]) if packet.dts is not None)


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

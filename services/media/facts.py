"""What a finished film really is, measured from its file."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter import Graph
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from services.contract.errors import GenerationError
from services.contract.job import Facts, SoundFacts

SILENCE_LUFS = -70.0
"""The absolute gate of ITU-R BS.1770: the meter never shows less."""


def measure(path: Path) -> Facts:
    """Measure the film at ``path``: every packet is counted, the sound is decoded.

    Raises GenerationError where there is no picture in it.
    """
    with av.open(path) as container:
        if not container.streams.video:
            raise GenerationError("the film has no picture")
        video = container.streams.video[0]
        audio = container.streams.audio[0] if container.streams.audio else None
        picture, sound = _Track(), _Track()
        ear = _Ear(audio) if audio else None
        for packet in container.demux([video, audio] if audio else [video]):
            if packet.stream_index == video.index:
                picture.take(packet)
            elif ear:
                sound.take(packet)
                ear.take(packet)
        if not picture.packets:
            raise GenerationError("the film's picture is empty")
        heard = _sound_facts(audio, sound, ear) if audio and ear else None
        return _facts(path, video, picture, heard)


def _facts(path: Path, video: VideoStream, picture: "_Track", sound: SoundFacts | None) -> Facts:
    context = video.codec_context
    length = picture.end - picture.start
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Facts(
        width=context.width,
        height=context.height,
        frames=picture.packets,
        fps=round(float(picture.packets / length), 6),
        duration_s=round(float(length), 6),
        start_s=round(float(picture.start), 6),
        video_codec=context.codec.canonical_name,
        pixel_format=context.pix_fmt or "unknown",
        size_bytes=path.stat().st_size,
        sha256=sha256,
        sound=sound,
        av_offset_s=round(sound.start_s + sound.duration_s - float(picture.end), 6) if sound else 0.0,
    )


def _sound_facts(audio: AudioStream, track: "_Track", ear: "_Ear") -> SoundFacts:
    context = audio.codec_context
    return SoundFacts(
        codec=context.codec.canonical_name,
        sample_rate_hz=context.sample_rate,
        channels=context.channels,
        duration_s=round(float(track.end - track.start), 6),
        start_s=round(float(track.start), 6),
        loudness_lufs=round(ear.loudness, 1) if ear.loudness > SILENCE_LUFS else None,
    )


@dataclass
class _Track:
    """What a player shows of a track: packets that the edit list hides do not count."""

    packets: int = 0
    start: Fraction = Fraction(0)
    end: Fraction = Fraction(0)

    def take(self, packet: "Packet[Stream]") -> None:
        if packet.pts is None or packet.is_discard:
            return
        begin = packet.pts * packet.time_base
        self.start = min(self.start, begin) if self.packets else begin
        self.end = max(self.end, begin + (packet.duration or 0) * packet.time_base)
        self.packets += 1


class _Ear:
    """Loudness meter of a track: FFmpeg's ``ebur128`` (EBU R 128, ITU-R BS.1770)."""

    def __init__(self, stream: AudioStream) -> None:
        self.loudness = SILENCE_LUFS
        self._graph = Graph()
        nodes = (
            self._graph.add_abuffer(template=stream),
            self._graph.add("ebur128", "metadata=1:framelog=quiet"),
            self._graph.add("abuffersink"),
        )
        self._graph.link_nodes(*nodes).configure()

    def take(self, packet: "Packet[Stream]") -> None:
        for frame in packet.decode():
            assert isinstance(frame, AudioFrame)
            self._hear(frame)
        if packet.dts is None:
            self._hear(None)

    def _hear(self, frame: AudioFrame | None) -> None:
        self._graph.push(frame)
        while True:
            try:
                heard = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            self.loudness = float(heard.metadata.get("lavfi.r128.I", self.loudness))

"""One picture's bytes to one frame, through a bare decoder: no demuxer, no protocol, nothing to open."""

import av
from av.video.frame import VideoFrame

from services.contract.errors import InputError
from services.media.headers import Header

_DECODERS = {"image/png": "png", "image/jpeg": "mjpeg", "image/webp": "webp"}


def decode_still(mime: str, data: bytes, header: Header, max_pixels: int) -> VideoFrame:
    """Decode a picture whole. Raises InputError where it is damaged or larger than ``max_pixels``.

    MemoryError, which FFmpeg's own derives from, passes: that is the machine's fault or its limit's.
    """
    decoder = av.CodecContext.create(_DECODERS[mime], "r")
    assert isinstance(decoder, av.VideoCodecContext)
    # the header's word is not trusted: the decoder counts again before it takes memory
    decoder.options = {"max_pixels": str(max_pixels), "err_detect": "+crccheck+bitstream+buffer+explode"}
    decoder.thread_count = 1
    try:
        frames = decoder.decode(av.Packet(data[: header.end])) + decoder.decode(None)
    except MemoryError:
        raise
    except av.FFmpegError as error:
        raise InputError(f"the picture cannot be decoded: {error.strerror}") from error
    if len(frames) != 1:
        raise InputError(f"the picture decodes to {len(frames)} frames")
    if frames[0].is_corrupt:
        raise InputError("the picture is damaged")
    return frames[0]

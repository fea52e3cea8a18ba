import io

import av
import numpy as np

from training.world.sheet import COLUMNS, png, sheet


def test_png_is_read_back_by_a_decoder() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 13, 3)).astype(np.uint8)
    with av.open(io.BytesIO(png(picture)), format="png_pipe") as container:
        frame = next(container.decode(video=0))
    np.testing.assert_array_equal(frame.to_ndarray(format="rgb24"), picture)


def test_a_row_a_clip() -> None:
    picture, captions = sheet(0, 2)
    assert picture.shape == (2 * (144 + 4), COLUMNS * (256 + 4), 3)
    assert len(captions) == 2

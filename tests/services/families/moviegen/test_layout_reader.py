import pytest
import torch

from services.contract import layout as columns
from services.families.moviegen.layout_reader import LayoutReader, LayoutReaderParams, ground_row, here

PARAMS = LayoutReaderParams(4, width=8, dilations=(1, 2))


@pytest.mark.parametrize(("frames", "rows", "across"), [(1, 4, 6), (3, 5, 7)])
def test_each_cell_says_a_row_and_the_ground_has_one(frames: int, rows: int, across: int) -> None:
    said = LayoutReader(PARAMS)(torch.randn(2, 4, frames, rows, across))
    assert said.shape == (2, frames, rows * across + 1, columns.COLUMNS)


@torch.no_grad()
def test_latent_frames_are_read_each_for_itself() -> None:
    torch.manual_seed(0)
    reader, latents = LayoutReader(PARAMS), torch.randn(1, 4, 3, 4, 6)
    whole = reader(latents)
    torch.testing.assert_close(reader(latents[:, :, 1:2]), whole[:, 1:2])


def test_places_are_said_from_the_cell() -> None:
    added = here(18, 32, torch.device("cpu")).reshape(18, 32, columns.COLUMNS)
    assert (added[0, 0, : columns.X.start] == 0).all()
    assert (added[0, 0, columns.RADIUS.start :] == 0).all()
    corner = torch.tensor([-15.5 / 18, 8.5 / 18]) * columns.PLACE_SCALE
    for part, place in zip((columns.X, columns.Y), corner, strict=True):
        torch.testing.assert_close(added[0, 0, part], place.expand(columns.MOMENTS))
        torch.testing.assert_close(added[17, 31, part], -place.expand(columns.MOMENTS))


def test_a_ground_is_there_of_its_kind_and_upright() -> None:
    row = ground_row(torch.full((2, 3, 12), 0.5))[1, 2]
    assert row[columns.THERE] == 1
    assert (row[columns.KIND] > 0).nonzero().flatten().tolist() == [columns.KINDS - 1]
    assert (row[columns.COLOUR] == -1).all()
    assert (row[columns.X.start : columns.RADIUS.stop] == 0.5).all()
    assert (row[columns.COSINE] == 1).all()
    assert (row[columns.SINE] == 0).all()


@torch.no_grad()
def test_the_ground_is_seen_by_all_cells_together() -> None:
    torch.manual_seed(0)
    reader, latents = LayoutReader(PARAMS), torch.randn(1, 4, 1, 12, 20)
    before = reader(latents)[0, 0]
    latents[..., 0, 0] += 3.0
    after = reader(latents)[0, 0]
    assert (after[-1] != before[-1]).any()

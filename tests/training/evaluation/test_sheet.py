from pathlib import Path

import numpy as np

from services.contract.errors import ConfigurationError
from services.local.stack import ROOT
from training.evaluation import sheet
from training.evaluation.networks import Networks
from training.evaluation.work import FORMAT, Work
from training.measures.reading import read_film
from training.world.chance import Wanted, sample_scene
from training.world.render import render


def test_a_strip_has_eight_frames_and_its_words() -> None:
    film = np.arange(16, dtype=np.uint8)[:, None, None, None] * np.ones((1, 144, 256, 3), np.uint8)
    picture = sheet.strip(film, ["a red ball", "seen: nothing"])
    assert picture.shape[1:] == (8 * (256 + sheet.GAP), 3)
    assert picture.shape[0] > 144 + 2 * 9
    assert (picture[0, ::260, 0] == [0, 2, 4, 6, 9, 11, 13, 15]).all()


def test_what_is_seen_is_told_in_words() -> None:
    scene = sample_scene(4, FORMAT, wanted=Wanted(motion="spin", count=1, style="plain", weather="none"))
    (thing,) = scene.objects
    told = sheet.told(read_film(render(scene, 144, 256), 16))
    assert f"{thing.size} {thing.colour} {thing.shape} spin" in told
    assert "nothing" in sheet.told(read_film(np.full((8, 72, 128, 3), 128, np.uint8), 16))


def test_films_that_are_there_are_drawn_and_others_left_out(tmp_path: Path) -> None:
    def no_client() -> None:
        raise ConfigurationError("nothing is to be made")

    work = Work(tmp_path, Networks.of(ROOT), no_client, 0, lambda _line: None)  # type: ignore[arg-type]
    target = tmp_path / "sheet.png"
    sheet.draw(work, 3, target)
    assert not target.exists()
    film = np.full((32, 144, 256, 3), 90, np.uint8)
    for section in ("edit", "character"):
        work.made(section, work.scene_seeds(1)[0], lambda: {"frames": film})
    sheet.draw(work, 3, target)
    assert target.read_bytes().startswith(b"\x89PNG")

import math

import pytest
from pydantic import ValidationError

from services.contract.cast import CastManifest
from services.contract.errors import InvalidRequest
from services.contract.spec import VideoRequest, resolve
from services.settings import MANIFESTS

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")


def spec_of(**fields: object):
    return resolve(VideoRequest.model_validate({"prompt": "a red ball", **fields}), CAST, model="sora-2")


def test_defaults_come_from_the_cast() -> None:
    spec = spec_of()
    assert spec.size.name == CAST.default_size
    assert (spec.seconds, spec.fps, spec.steps) == (4, 16, int(CAST.steps.default))
    assert (spec.model, spec.cast, spec.frames, spec.audio) == ("sora-2", "moviegen-mini", 64, True)


def test_a_seed_is_drawn_once_and_told() -> None:
    assert spec_of(seed=7).seed == 7
    assert spec_of().seed != spec_of().seed


def test_numbers_may_come_as_strings() -> None:
    spec = spec_of(seconds="8", seed="5", guidance_scale="2.5", audio="false")
    assert (spec.seconds, spec.seed, spec.guidance, spec.audio) == (8, 5, 2.5, False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", " \n"),
        ("prompt", "x" * 32_001),
        ("negative_prompt", "x" * 32_001),
        ("size", "1920x1081"),
        ("size", "big"),
        ("seconds", 0),
        ("seconds", 17),
        ("fps", 25),
        ("num_inference_steps", 0),
        ("num_inference_steps", 251),
        ("guidance_scale", math.nan),
        ("guidance_scale", math.inf),
        ("guidance_scale", 0.5),
    ],
)
def test_values_out_of_range_name_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        spec_of(**{field: value})
    assert caught.value.param == field


def test_the_longest_film_depends_on_the_frame_rate() -> None:
    assert spec_of(seconds=16).frames == 256
    assert spec_of(seconds=10, fps=24).frames == 240
    with pytest.raises(InvalidRequest, match="1 to 10 at 24 fps"):
        spec_of(seconds=11, fps=24)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 5),
        ("prompt", None),
        ("seconds", "four"),
        ("seconds", True),
        ("seconds", 1.5),
        ("seed", -1),
        ("seed", 2**53),
        ("guidance_scale", "much"),
        ("audio", "perhaps"),
        ("colour", "red"),
    ],
)
def test_wrong_types_and_unknown_fields_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        spec_of(**{field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


def test_a_reference_needs_a_cast_that_animates_images() -> None:
    still = CAST.model_copy(update={"tasks": ("text",)})
    moving = CAST.model_copy(update={"tasks": ("text", "image")})
    request = VideoRequest(prompt="a red ball")
    assert resolve(request, moving, model="m", input_reference="inputs/a").task == "image"
    with pytest.raises(InvalidRequest) as caught:
        resolve(request, still, model="m", input_reference="inputs/a")
    assert caught.value.param == "input_reference"

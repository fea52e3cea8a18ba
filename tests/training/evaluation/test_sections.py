from argparse import ArgumentTypeError

import pytest

from training.evaluation.sections import SECTIONS, counts, portion


@pytest.mark.parametrize(
    ("text", "said"),
    [("edit", ("edit", None)), ("edit=200", ("edit", 200)), ("first-frame=7", ("first frame", 7)),
     ("250 steps=8", ("250 steps", 8)), ("edit-of-1-s", ("edit of 1 s", None))],
)  # fmt: skip
def test_a_section_is_named_with_its_scenes(text: str, said: tuple[str, int | None]) -> None:
    assert portion(text) == said


@pytest.mark.parametrize("text", ["edits", "", "edit=", "edit=0", "edit=-3", "edit=many", "=3"])
def test_other_names_and_numbers_are_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        portion(text)


def test_all_sections_have_their_share() -> None:
    usual = [name for name in SECTIONS if not name.endswith("of 1 s")]
    assert list(counts(20, [])) == usual
    assert counts(20, []) == dict.fromkeys(usual, 20) | {
        "guidance 1": 10, "250 steps": 5, "upsampler": 10,
    }  # fmt: skip
    large = counts(200, [])
    assert (large["text"], large["upsampler"], large["guidance 1"], large["250 steps"]) == (200, 50, 100, 50)
    assert set(counts(3, []).values()) == {3}
    assert counts(0, [])["250 steps"] == 0


def test_chosen_sections_come_in_the_order_of_the_table() -> None:
    chosen = counts(40, [("edit", 7), ("upsampler", None), ("text", None)])
    assert list(chosen.items()) == [("text", 40), ("edit", 7), ("upsampler", 20)]

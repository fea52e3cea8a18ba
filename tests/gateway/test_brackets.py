import pytest

from gateway.brackets import unflatten
from services.contract.errors import InvalidRequest


def test_builds_objects_and_lists() -> None:
    items = [("prompt", "a"), ("x[y]", "1"), ("x[z][w]", "2"), ("l[]", "3"), ("l[]", "4"), ("x[m][]", "5")]
    assert unflatten(items) == {
        "prompt": "a",
        "x": {"y": "1", "z": {"w": "2"}, "m": ["5"]},
        "l": ["3", "4"],
    }


@pytest.mark.parametrize(
    ("names", "param"),
    [
        (["prompt", "prompt"], "prompt"),
        (["a", "a[b]"], "a"),
        (["a[b]", "a"], "a"),
        (["a[]", "a[b]"], "a"),
        (["a", "a[]"], "a"),
        (["a[]", "a"], "a"),
        (["a[][b]"], "a"),
        (["a" + "[b]" * 8], "a"),
        (["a[b"], "a[b"),
        (["a]b"], "a]b"),
        (["[a]"], "[a]"),
        ([""], None),
    ],
)
def test_refuses_names_that_do_not_fit(names: list[str], param: str | None) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        unflatten((name, "1") for name in names)
    assert refusal.value.param == param

import pytest

from gateway.ranges import RangeNotSatisfiable, Span, matches, parse_range


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-99", Span(0, 100)),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=40-", Span(40, 60)),
        ("bytes=40-1000000", Span(40, 60)),
        ("bytes=-10", Span(90, 10)),
        ("bytes=-1000", Span(0, 100)),
        ("BYTES=1-2", Span(1, 2)),
        (None, None),
        ("items=0-1", None),
        ("bytes=0-1,5-6", None),
    ],
)
def test_one_range_of_a_hundred_bytes(header: str | None, span: Span | None) -> None:
    assert parse_range(header, 100) == span


@pytest.mark.parametrize(
    "header",
    [
        "bytes=100-",
        "bytes=100-200",
        "bytes=5-4",
        "bytes=-0",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=1",
        "bytes=--1",
        "bytes=" + "9" * 30 + "-",
    ],
)
def test_refuses_what_is_outside_or_malformed(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, 100)
    assert refusal.value.size_bytes == 100


def test_content_range_counts_the_last_byte() -> None:
    assert Span(90, 10).content_range(100) == "bytes 90-99/100"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("Wed, 21 Oct 2015 07:28:00 GMT", False),
        (None, False),
    ],
)
def test_matches_tags(header: str | None, expected: bool) -> None:
    assert matches(header, '"a"') is expected

from services.contract import layout


def test_columns_lie_side_by_side() -> None:
    numbers = (layout.X, layout.Y, layout.RADIUS, layout.COSINE, layout.SINE)
    parts = (layout.THERE, layout.KIND, layout.COLOUR, *numbers)
    covered = [column for part in parts for column in range(part.start, part.stop)]
    assert covered == list(range(layout.COLUMNS))
    assert layout.GROUND == layout.SLOTS - 1

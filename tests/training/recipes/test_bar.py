from training.recipes.bar import bar, clock, line


def test_a_bar_is_filled_to_an_eighth_of_a_letter() -> None:
    assert bar(0.0, 4) == "    "
    assert bar(0.5, 4) == "██  "
    assert bar(0.5 + 1 / 32, 4) == "██▏ "
    assert bar(1.0, 4) == bar(2.0, 4) == "████"


def test_times_are_told_as_on_a_clock() -> None:
    assert clock(5) == "0:05"
    assert clock(3723) == "1:02:03"


def test_a_line_tells_loss_and_rate_and_the_time_that_is_left() -> None:
    facts = {"step": 30.0, "loss": 0.12345, "steps_per_s": 2.0, "lr": 1e-3}
    text = line("video", 0.25, facts, elapsed_s=10.0)
    assert "25.0 %" in text
    assert "0:10 + 0:30" in text
    assert "step 30  loss 0.1235  2 steps/s  rate 0.001" in text
    assert "0:10 + 0:25" in line("video", 0.5, {}, elapsed_s=10.0, gone=0.3)
    assert "0:10 + ?" in line("video", 0.0, {}, elapsed_s=10.0)

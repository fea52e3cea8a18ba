from services.contract.job import Progress, Stage
from workers.progress import SHARES, Meter


def test_shares_add_up_to_the_whole() -> None:
    assert sum(SHARES.values()) == 100
    assert set(SHARES) == set(Stage)


def test_percent_never_falls_and_stays_below_a_hundred() -> None:
    heard: list[Progress] = []
    meter = Meter(heard.append)
    for stage in Stage:
        meter.enter(stage, 7)
        for step in range(1, 8):
            meter.reach(step)
    percents = [one.percent for one in heard]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[-1] == 99


def test_a_stage_can_begin_where_an_earlier_attempt_stopped() -> None:
    heard: list[Progress] = []
    Meter(heard.append).enter(Stage.SAMPLE, 50, done=25)
    assert (heard[0].step, heard[0].total_steps, heard[0].percent) == (25, 50, 28)

"""A replayed day while workers are killed and the broker restarts ends as an undisturbed one does.

`uv run bench/recovery --kills 300 --seed N` does the same for longer.
"""

from pathlib import Path

import pytest
from support.chaos.day import make_day
from support.chaos.experiment import play
from support.chaos.storm import Storm

from gridcast.stream.kafka.broker import Broker

SEED = 1
HOURS = 24
SERIES = 9


@pytest.mark.timeout(900)
def test_a_day_of_kills_restarts_and_rebalances_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    storm = Storm(kills=30, broker_restarts=5, rebalances=10, seed=SEED)
    with Broker() as broker:
        found = play(broker, tmp_path / "days", make_day(SERIES, HOURS, SEED), storm, print)
    assert found.is_same, f"{found}\nlogs: {tmp_path / 'days'}"
    # None of it holds of a day on which nothing happens.
    assert len(found.calm.windows) == SERIES
    assert len(found.calm.forecasts) > SERIES * (HOURS * 60 - 5)
    assert found.calm.letters.total() > 0
    assert sum(blow.in_hand > 0 for blow in found.blows) > 30

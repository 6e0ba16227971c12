import numpy as np
import pytest

from gridcast.models.alarms.priorities import Priorities
from gridcast.schemas import Priority


@pytest.mark.parametrize("typical_kw", [0.3, 40.0, 90_000.0])
def test_shares_come_to_those_of_eemua_however_large_the_grid_is(typical_kw: float) -> None:
    rng = np.random.default_rng(1)
    priorities = Priorities()
    told = [priorities.judge(kw) for kw in typical_kw * rng.lognormal(0, 2, 6_000)][1_000:]
    shares = {priority: told.count(priority) / len(told) for priority in Priority}
    assert shares[Priority.HIGH] == pytest.approx(0.05, abs=0.025)
    assert shares[Priority.MEDIUM] == pytest.approx(0.15, abs=0.04)


def test_what_was_learned_comes_back_to_the_bit() -> None:
    priorities = Priorities()
    for kw in (1.0, 700.0, 33.3):
        priorities.judge(kw)
    back = Priorities.from_columns(*priorities.columns())
    assert [back.judge(kw) for kw in range(50)] == [priorities.judge(kw) for kw in range(50)]

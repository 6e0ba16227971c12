"""A tick is answered by one duty, whichever partition asks, in whatever order and thread."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.serving import ServingModels
from gridcast.models.serving.selection import ServingSchedule


@given(st.lists(st.one_of(st.integers(0, 50), st.just("change")), max_size=60))
def test_a_tick_has_one_duty_and_a_change_shows_at_later_ticks_only(steps: list[Any]) -> None:
    duties = [ServingModels()]
    schedule = ServingSchedule(duties[0])
    seen: dict[int, int] = {}
    for step in steps:
        if step == "change":
            duties.append(ServingModels())
            schedule.change(duties[-1])
            continue
        is_new = step > max(seen, default=-1)
        answer = schedule.models_at(step)
        found = next(n for n, one in enumerate(duties) if one is answer)
        assert seen.setdefault(step, found) == found
        assert not is_new or found == len(duties) - 1
    told = [seen[tick] for tick in sorted(seen)]
    assert told == sorted(told), "an earlier tick has no later duty"


def test_a_new_tick_is_answered_by_the_newest_and_a_partition_behind_by_who_was_there() -> None:
    old, new = ServingModels(), ServingModels()
    schedule = ServingSchedule(old)
    assert schedule.models_at(10) is old
    schedule.change(new)
    assert schedule.models_at(10) is old
    assert schedule.models_at(7) is old
    assert schedule.models_at(11) is new


def test_what_no_partition_asks_for_any_more_is_let_go() -> None:
    duties = [ServingModels() for _ in range(5)]
    schedule = ServingSchedule()
    for tick, duty in enumerate(duties):
        schedule.change(duty)
        schedule.models_at(tick)
    schedule.forget(3)
    assert schedule._models == duties[3:]
    assert schedule.models_at(3) is duties[3]
    assert schedule.models_at(4) is duties[4]
    schedule.forget(99)
    assert schedule._models == duties[4:]


def test_threads_that_come_to_a_tick_together_are_given_the_same() -> None:
    schedule = ServingSchedule()
    with ThreadPoolExecutor(4) as threads:
        for tick in range(300):
            schedule.change(ServingModels())
            asked = [threads.submit(schedule.models_at, tick) for _ in range(4)]
            schedule.change(ServingModels())
            assert len({id(one.result()) for one in asked}) == 1

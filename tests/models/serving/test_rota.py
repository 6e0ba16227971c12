"""A tick is answered by one duty, whichever partition asks, in whatever order and thread."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from gridcast.models.serving import ServingModels
from gridcast.models.serving.rota import ServingSchedule


@given(st.lists(st.one_of(st.integers(0, 50), st.just("change")), max_size=60))
def test_a_tick_has_one_duty_and_a_change_shows_at_later_ticks_only(steps: list):
    duties = [ServingModels()]
    rota = ServingSchedule(duties[0])
    seen: dict[int, int] = {}
    for step in steps:
        if step == "change":
            duties.append(ServingModels())
            rota.change(duties[-1])
            continue
        is_new = step > max(seen, default=-1)
        answer = rota.duty_at(step)
        found = next(n for n, one in enumerate(duties) if one is answer)
        assert seen.setdefault(step, found) == found
        assert not is_new or found == len(duties) - 1
    told = [seen[tick] for tick in sorted(seen)]
    assert told == sorted(told), "an earlier tick has no later duty"


def test_a_new_tick_is_answered_by_the_newest_and_a_partition_behind_by_who_was_there():
    old, new = ServingModels(), ServingModels()
    rota = ServingSchedule(old)
    assert rota.duty_at(10) is old
    rota.change(new)
    assert rota.duty_at(10) is old
    assert rota.duty_at(7) is old
    assert rota.duty_at(11) is new


def test_what_no_partition_asks_for_any_more_is_let_go():
    duties = [ServingModels() for _ in range(5)]
    rota = ServingSchedule()
    for tick, duty in enumerate(duties):
        rota.change(duty)
        rota.duty_at(tick)
    rota.forget(3)
    assert rota._duties == duties[3:]
    assert rota.duty_at(3) is duties[3]
    assert rota.duty_at(4) is duties[4]
    rota.forget(99)
    assert rota._duties == duties[4:]


def test_threads_that_come_to_a_tick_together_are_given_the_same():
    rota = ServingSchedule()
    with ThreadPoolExecutor(4) as threads:
        for tick in range(300):
            rota.change(ServingModels())
            asked = [threads.submit(rota.duty_at, tick) for _ in range(4)]
            rota.change(ServingModels())
            assert len({id(one.result()) for one in asked}) == 1

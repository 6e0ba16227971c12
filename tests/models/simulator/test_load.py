"""The true load is like that of real customers."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray
from support.times import ms

from gridcast.models.simulator import FAULTS, Arrivals, Simulation, build_grid, spread_series
from gridcast.models.simulator import customers as kinds
from gridcast.models.simulator.load import FEEDER_LOSS, ZONE_LOSS, losses

HOUR, DAY = 4, 96
Floats = NDArray[np.float64]


def simulated(country: str = "DE", tree: list[list[int]] | None = None) -> Simulation:
    """A grid with readings every quarter of an hour."""
    grid = build_grid(3, country, tree or [[50] * 6])
    return Simulation(grid, 3, 900, FAULTS["none"])


def days(simulation: Simulation, first: str, count: int) -> Floats:
    """The true load from a UTC midnight on: series, day, quarter of an hour."""
    start = ms(first)
    value = simulation.truth(start, start + count * 86_400_000).value
    return value.reshape(len(value), count, DAY)


def rows_of(simulation: Simulation, customer: int, *, solar: bool = False) -> NDArray[np.int64]:
    zone = simulation.grid.zones[0]
    mine = (zone.meters.customer == customer) & ((zone.meters.solar_kw > 0) == solar)
    return 1 + zone.feeders + np.flatnonzero(mine)


def test_a_feeder_is_its_meters_and_the_losses_of_its_lines() -> None:
    simulation = simulated()
    zone = simulation.grid.zones[0]
    load = days(simulation, "2024-02-05", 2).reshape(zone.size, -1)
    capacity = zone.capacity_kw
    for feeder in range(zone.feeders):
        meters = load[zone.rows_of_feeder(feeder)[1:]].sum(axis=0, keepdims=True)
        lost = losses(meters, capacity[[1 + feeder]], FEEDER_LOSS)
        assert load[[1 + feeder]] == pytest.approx(meters + lost)
        assert 0.005 < lost.sum() / meters.sum() < 0.05
    feeders = load[1 : 1 + zone.feeders].sum(axis=0, keepdims=True)
    assert load[[0]] == pytest.approx(feeders + losses(feeders, capacity[:1], ZONE_LOSS))


def test_without_faults_a_reading_is_the_truth_and_the_error_of_the_meter() -> None:
    simulation = simulated()
    start, end = ms("2024-02-05"), ms("2024-02-07")
    readings = Arrivals.join([chunk.arrivals for chunk in simulation.chunks(start, end)])
    truth = simulation.truth(start, end).value
    expected = truth[readings.series, (readings.time_ms - start) // 900_000]
    error = readings.value - expected
    assert len(readings) == truth.size
    assert (np.abs(error) <= 0.02 * np.abs(expected) + 0.006).all()
    assert abs(error.mean()) < 0.01
    assert (error != 0).any()


@pytest.mark.parametrize("country", ["AU", "DE", "IN", "KR", "US"])
def test_no_series_leaves_its_limits(country: str) -> None:
    simulation = simulated(country)
    for first in ("2024-01-15", "2024-07-15"):
        load = days(simulation, first, 14)
        for row, series in enumerate(simulation.grid.series):
            capacity = series.capacity_kw or 0.0
            assert np.abs(load[row]).max() <= capacity
            if not series.can_be_negative:
                assert load[row].min() >= 0


def test_the_day_follows_local_time_through_both_changes_of_the_clocks() -> None:
    """Shops open by the clock on the wall: an hour earlier in UTC once summer time has begun."""
    simulation = simulated()
    shops = rows_of(simulation, kinds.SHOP)

    def opening(first: str) -> float:
        """The UTC hour at which the shops are half way from night to day."""
        day = days(simulation, first, 5)[shops].sum(axis=0).mean(axis=0)
        half = (day[:HOUR].mean() + day.max()) / 2
        return float(np.argmax(day > half)) / HOUR

    assert opening("2024-03-18") - opening("2024-04-08") == pytest.approx(1, abs=0.25)
    assert opening("2024-10-28") - opening("2024-10-14") == pytest.approx(1, abs=0.25)


def test_days_of_23_and_25_hours_have_so_many_hours() -> None:
    simulation = simulated()
    for start, end, hours in (
        ("2024-03-30T23:00", "2024-03-31T22:00", 23),
        ("2024-10-26T22:00", "2024-10-27T23:00", 25),
    ):
        chunks = simulation.chunks(ms(start), ms(end))
        readings = Arrivals.join([chunk.arrivals for chunk in chunks])
        assert len(readings) == simulation.grid.size * hours * HOUR


def test_industry_rests_on_holidays_and_at_the_weekend() -> None:
    simulation = simulated("KR", [[60] * 10])
    industry = [*rows_of(simulation, kinds.INDUSTRY), *rows_of(simulation, kinds.OFFICE)]
    # Seollal, the lunar new year, was on Friday 9 to Monday 12 February 2024 (by Korean time)
    week = days(simulation, "2024-02-04", 14)[industry].sum(axis=0)[:, : 9 * HOUR].mean(axis=1)
    workday = week[1:5].mean()
    assert week[5] < 0.75 * workday  # Friday, a holiday
    assert week[8] < 0.75 * workday  # Monday, a holiday
    assert week[9] == pytest.approx(workday, rel=0.15)
    assert week[13] < 0.85 * workday  # an ordinary Saturday


def test_panels_make_a_duck_curve() -> None:
    simulation = simulated("AU", [[80] * 8])
    homes = days(simulation, "2024-11-04", 14)[rows_of(simulation, kinds.HOUSEHOLD, solar=True)]
    # Sydney is 11 hours ahead: noon there is 1 in UTC, dinner 8, midnight 13
    by_hour = homes.mean(axis=(0, 1)).reshape(24, HOUR).mean(axis=1)
    noon, dinner, night = by_hour[1], by_hour[8], by_hour[15]
    assert noon < 0
    assert dinner > night > noon
    assert np.diff(by_hour[2:9]).min() > 0  # the long neck
    dark = homes.reshape(len(homes), 14, 24, HOUR)[:, :, 12:18]
    assert dark.min() >= 0


def test_neighbours_lose_the_sun_together() -> None:
    simulation = simulated("AU", [[80] * 8])
    homes = days(simulation, "2024-11-04", 20)[rows_of(simulation, kinds.HOUSEHOLD, solar=True)]
    noon = homes[:, :, : 3 * HOUR].mean(axis=2)
    noon -= noon.mean(axis=1, keepdims=True)
    assert np.median(np.corrcoef(noon)) > 0.6


@pytest.mark.parametrize(("country", "cold", "hot"), [("FR", True, False), ("US", True, True)])
def test_load_answers_to_the_temperature(country: str, *, cold: bool, hot: bool) -> None:
    simulation = simulated(country, [[60] * 6])
    winter = days(simulation, "2024-01-08", 7)[0].mean()
    spring = days(simulation, "2024-04-15", 7)[0].mean()
    summer = days(simulation, "2024-07-15", 7)[0].mean()
    assert (winter > 1.15 * spring) == cold
    assert (summer > 1.15 * spring) == hot


def test_buildings_remember_the_cold() -> None:
    """After a cold day the load is higher than the temperature alone explains."""
    simulation = simulated("FR", [[60] * 6])
    load = days(simulation, "2024-01-01", 90)[0].mean(axis=1)
    start = ms("2024-01-01")
    observed = simulation.observations(start, start + 90 * 86_400_000)[0]
    warmth = np.nanmean(observed.values[0].reshape(90, -1), axis=1)
    workday = np.array([day % 7 < 5 for day in range(90)])
    late = workday[1:]
    columns = np.stack([np.ones(89), warmth[1:], warmth[:-1]], axis=1)[late]
    _, today, yesterday = np.linalg.lstsq(columns, load[1:][late], rcond=None)[0]
    assert today < 0
    assert yesterday < 0


def test_cars_charge_in_the_evening() -> None:
    simulation = simulated("GB", [[80] * 8])
    zone = simulation.grid.zones[0]
    owners = (
        1
        + zone.feeders
        + np.flatnonzero((zone.meters.charger_kw >= 7) & (zone.meters.solar_kw == 0))
    )
    assert len(owners) > 10
    by_hour = (days(simulation, "2024-01-08", 28)[owners] > 6).mean(axis=(0, 1))
    by_hour = by_hour.reshape(24, HOUR).mean(axis=1)
    assert 17 <= int(by_hour.argmax()) <= 22
    assert by_hour[3:7].max() < by_hour.max() / 3


def test_load_grows_slowly() -> None:
    simulation = simulated("DE", [[60] * 6])
    homes = rows_of(simulation, kinds.HOUSEHOLD)
    early = days(simulation, "2014-05-05", 28)[homes].mean()
    late = days(simulation, "2024-05-06", 28)[homes].mean()
    assert 1.0 < late / early < 1.25


def test_street_lights_burn_at_night() -> None:
    simulation = simulated("ES", [[200] * 2])
    light = days(simulation, "2024-06-17", 3)[rows_of(simulation, kinds.STREET_LIGHT)]
    assert (light[:, :, 12 * HOUR] < 0.1 * light[:, :, 0]).all()


def test_a_grid_has_exactly_as_many_series_as_asked_for() -> None:
    for total in (3, 4, 10, 99, 1000, 5003):
        grid = build_grid(1, "KR", spread_series(total))
        assert grid.size == len(set(grid.ids)) == total
        known = set(grid.ids)
        assert all(one.parent in known for one in grid.series if one.kind != "zone")


def test_customers_do_not_depend_on_how_many_zones_there_are() -> None:
    small, large = build_grid(1, "KR", [[30] * 3]), build_grid(1, "KR", [[30] * 3] * 4)
    one, other = small.zones[0].meters, large.zones[0].meters
    for field in fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name))

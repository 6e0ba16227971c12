"""The tree of series: zones, feeders, meters, and the properties of each customer."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gridcast.models.simulator import customers
from gridcast.models.simulator.customers import CUSTOMERS
from gridcast.models.simulator.noise import Purpose, generator
from gridcast.models.simulator.places import COUNTRIES, Country
from gridcast.models.simulator.types import Bools, Floats, Ints
from gridcast.schemas.series import GridSeries, SeriesKind

FUSES_KW = np.array([0.5, 3, 6, 9, 12, 17, 24, 43, 69, 110, 250, 400, 630, 1000, 2500, 5000.0])


@dataclass(frozen=True, slots=True)
class Meters:
    """Properties of a zone's meters: arrays with one entry per meter."""

    customer: Ints  # index into CUSTOMERS
    base_kw: Floats
    standing: Floats  # base load, as a share of base_kw
    shift_min: Floats  # delay of its day relative to others
    restless: Floats
    heating: Floats  # kW per degree of felt temperature below 16.5 °C
    cooling: Floats  # kW per degree above 22 °C
    solar_kw: Floats  # rated power of its panels, 0 without
    roof: Ints  # orientation of the panels: 0 east, 1 equator, 2 west
    charger_kw: Floats  # power of its car charger, 0 without
    growth: Floats  # a year
    irregular: Bools  # sends at random times within the step


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. Its rows are its series, in the order zone, feeders, meters by feeder."""

    number: int
    name: str
    station: str
    latitude: float
    longitude: float
    first: int  # index of its first series in the grid
    meters_of: tuple[int, ...]  # number of meters per feeder
    meters: Meters

    @property
    def feeders(self) -> int:
        """Number of feeders."""
        return len(self.meters_of)

    @property
    def size(self) -> int:
        """Number of series, including the zone itself."""
        return 1 + self.feeders + sum(self.meters_of)

    @property
    def feeder_of(self) -> Ints:
        """Index of each meter's feeder."""
        return np.repeat(np.arange(self.feeders), self.meters_of)

    @property
    def starts(self) -> Ints:
        """Index of each feeder's first meter."""
        return np.concatenate([[0], np.cumsum(self.meters_of)[:-1]]).astype(np.int64)

    def rows_of_feeder(self, feeder: int) -> Ints:
        """Return the rows of a feeder: itself and its meters."""
        first = 1 + self.feeders + int(self.starts[feeder])
        return np.concatenate([[1 + feeder], np.arange(first, first + self.meters_of[feeder])])

    @property
    def capacity_kw(self) -> Floats:
        """Largest power of each row in either direction; for a meter its main fuse."""
        m = self.meters
        house = m.customer == customers.HOUSEHOLD
        ovens = np.where(house, 8.0, 4 * m.base_kw)
        most = 3 * m.base_kw + ovens + 24 * m.heating + 14 * m.cooling + m.charger_kw
        street = m.customer == customers.STREET_LIGHT
        most = np.where(street, 120 * m.base_kw, np.maximum(most, m.solar_kw))
        fuse = FUSES_KW[np.minimum(np.searchsorted(FUSES_KW, most), len(FUSES_KW) - 1)]
        fuse = np.maximum(fuse, np.ceil(most))
        fuse[street] = np.ceil(most[street])
        # customers don't peak at once: coincidence falls with their number
        together = 0.35 + 0.65 / np.sqrt(np.array(self.meters_of))
        feeder = np.ceil(np.add.reduceat(fuse, self.starts) * together / 10) * 10
        zone = np.ceil(feeder.sum() * 0.9 / 100) * 100
        return np.concatenate([[zone], feeder, fuse])

    @property
    def solar_kw(self) -> Floats:
        """Rated power of the panels behind each row."""
        feeder = np.add.reduceat(self.meters.solar_kw, self.starts)
        return np.concatenate([[feeder.sum()], feeder, self.meters.solar_kw])

    @property
    def can_be_negative(self) -> Bools:
        """True for rows that power can flow back through."""
        return self.solar_kw > 0.05 * self.capacity_kw


@dataclass(frozen=True)
class SimulatedGrid:
    """A grid: its zones, and the ids of all series in order."""

    country_code: str
    country: Country
    zones: tuple[Zone, ...]

    @property
    def size(self) -> int:
        """Number of series."""
        return sum(zone.size for zone in self.zones)

    @cached_property
    def ids(self) -> list[str]:
        """The id of every series, by its index."""
        return [series.series for series in self.series]

    @cached_property
    def series(self) -> list[GridSeries]:
        """The declaration of every series, by its index."""
        return [series for zone in self.zones for series in self._declare(zone)]

    def _declare(self, zone: Zone) -> Iterator[GridSeries]:
        common = {
            "station": zone.station,
            "time_zone": self.country.time_zone,
            "holidays": self.country_code,
        }
        capacity, negative = zone.capacity_kw, zone.can_be_negative
        place = np.random.default_rng(zone.number).normal(0, 0.04, (zone.size, 2))
        place[0] = 0
        zone_id = f"z{zone.number + 1:02d}"
        feeder_ids = [f"{zone_id}-f{feeder + 1:02d}" for feeder in range(zone.feeders)]
        feeder_of = zone.feeder_of
        number = np.arange(len(feeder_of)) - zone.starts[feeder_of] + 1
        for row in range(zone.size):
            feeder = row - 1
            if row == 0:
                kind, name, parent, own = SeriesKind.ZONE, zone.name, None, zone_id
            elif row <= zone.feeders:
                kind, name = SeriesKind.FEEDER, f"{zone.name}, feeder {row}"
                parent, own = zone_id, feeder_ids[feeder]
            else:
                meter = row - 1 - zone.feeders
                parent = feeder_ids[feeder_of[meter]]
                own = f"{parent}-m{number[meter]:03d}"
                kind = SeriesKind.METER
                name = f"{customers.NAMES[zone.meters.customer[meter]]} {own}"
            yield GridSeries(
                series=own,
                kind=kind,
                parent=parent,
                name=name,
                latitude=round(zone.latitude + float(place[row, 0]), 4),
                longitude=round(zone.longitude + float(place[row, 1]), 4),
                capacity_kw=float(capacity[row]),
                can_be_negative=bool(negative[row]),
                **common,
            )


def build_grid(seed: int, country_code: str, meters_of: list[list[int]]) -> SimulatedGrid:
    """Build a grid with the given number of meters on each feeder of each zone.

    The holiday calendar may be that of a region ("DE-BY").
    """
    country = COUNTRIES[country_code.partition("-")[0]]
    zones, first = [], 0
    for number, counts in enumerate(meters_of):
        zone = _build_zone(seed, number, first, country_code, tuple(counts))
        zones.append(zone)
        first += zone.size
    return SimulatedGrid(country_code, country, tuple(zones))


def spread_series(total: int) -> list[list[int]]:
    """Divide a number of series into zones of at most about 500, their feeders and meters."""
    zones = max(1, round(total / 550))
    tree = []
    for in_zone in _parts(total, zones):
        feeders = max(1, round((in_zone / 5) ** 0.5))  # 10 feeders of 49 meters in 500
        tree.append(_parts(in_zone - 1 - feeders, feeders))
    return tree


def _parts(total: int, count: int) -> list[int]:
    return [total // count + (number < total % count) for number in range(count)]


def _build_zone(seed: int, number: int, first: int, code: str, meters_of: tuple[int, ...]) -> Zone:
    country = COUNTRIES[code.partition("-")[0]]
    rng = generator(seed, Purpose.GRID, number)
    round_trip, city = divmod(number, len(country.cities))
    name, latitude, longitude = country.cities[city]
    if round_trip:
        name = f"{name} {round_trip + 1}"
        latitude += float(rng.uniform(-0.3, 0.3))
        longitude += float(rng.uniform(-0.3, 0.3))
    station = f"{code}-{number + 1:02d}"
    meters = _draw_meters(rng, country, meters_of)
    return Zone(number, name, station, latitude, longitude, first, meters_of, meters)


def _draw_meters(rng: np.random.Generator, country: Country, meters_of: tuple[int, ...]) -> Meters:
    count = sum(meters_of)
    shares = np.array([customer.share for customer in CUSTOMERS])
    # feeders differ: some are streets of houses, some a business park
    mix = rng.dirichlet(shares * 12, len(meters_of)) * 0.6 + shares * 0.4
    edges = np.repeat(np.cumsum(mix, axis=1), meters_of, axis=0)
    customer = (rng.random((count, 1)) > edges[:, :-1]).sum(axis=1)
    kind = {name: np.array([getattr(c, name) for c in CUSTOMERS]) for name in _DRAWN}

    size = rng.standard_normal(count)
    base = kind["base_kw"][customer] * np.exp(kind["spread"][customer] * size)
    low, high = np.array([c.standing for c in CUSTOMERS])[customer].T
    house = customer == customers.HOUSEHOLD
    light = customer == customers.STREET_LIGHT
    big = np.where(house, 1.0, base * 0.9) * np.exp(0.3 * rng.standard_normal(count))
    # heat pumps in new houses, plain heaters in old ones; shops and offices heat and cool anyway
    heats = rng.random(count) < np.where(house, country.heating, 0.5)
    cools = rng.random(count) < np.where(house, country.cooling, 0.8)
    solar = (rng.random(count) < np.where(house, country.solar, country.solar / 2)) & ~light
    charges = (rng.random(count) < country.charging) & house
    return Meters(
        customer=customer,
        base_kw=base,
        standing=rng.uniform(low, high),
        shift_min=60 * kind["shift_h"][customer] * rng.standard_normal(count),
        restless=kind["restless"][customer] * rng.uniform(0.6, 1.4, count),
        heating=heats * ~light * big * np.where(house, 0.11, 0.03),
        cooling=cools * ~light * big * np.where(house, 0.10, 0.05),
        solar_kw=np.round(solar * np.where(house, rng.uniform(2.5, 9, count), 2.5 * base), 1),
        roof=rng.choice(3, count, p=(0.2, 0.6, 0.2)),
        charger_kw=charges * rng.choice((3.7, 7.4, 11.0), count, p=(0.3, 0.4, 0.3)),
        growth=kind["growth"][customer] + 0.01 * rng.standard_normal(count),
        irregular=rng.random(count) < 0.1,
    )


_DRAWN = ("base_kw", "spread", "shift_h", "restless", "growth")

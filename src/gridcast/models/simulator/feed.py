"""Simulated feed: a zone's readings with noise, clock skew, delays and faults."""

from functools import lru_cache

import numpy as np

from gridcast.models.simulator.arrivals import Arrivals, Labels
from gridcast.models.simulator.fault_injection import Block, inject_faults
from gridcast.models.simulator.faults import KINDS, Episodes, FaultKind, FaultPlan, Faults
from gridcast.models.simulator.grid import Zone
from gridcast.models.simulator.load import SimulatedLoad
from gridcast.models.simulator.noise import Purpose, generator
from gridcast.models.simulator.types import Floats, Ints
from gridcast.schemas.quality import Quality
from gridcast.units import HOUR_MS, SECOND_MS

_METER_ERROR, _SUM_ERROR = 0.003, 0.0015  # relative: accuracy classes 1 and 0.5
_LEAST_ERROR_KW = 0.001
_SKIPPED = 0.08  # share of its readings that an irregular meter does not send


class SimulatedFeed:
    """All readings of one zone, generated block by block."""

    def __init__(
        self,
        seed: int,
        zone: Zone,
        load: SimulatedLoad,
        faults: Faults,
        *,
        step_ms: int,
        steps: int,
    ) -> None:
        self._seed = seed
        self._zone = zone
        self._load = load
        self._faults = faults
        self._plan = FaultPlan(seed, zone, step_ms, faults)
        self._step_ms = step_ms
        self._steps = steps
        size, sums = zone.size, 1 + zone.feeders
        self._error = np.where(np.arange(size) < sums, _SUM_ERROR, _METER_ERROR)[:, None]
        self._floor = np.where(zone.can_be_negative, -np.inf, 0.0)[:, None]
        self._series = np.repeat(np.arange(size, dtype=np.int32) + zone.first, steps)
        rng = generator(seed, Purpose.DELIVERY, zone.number)
        self._latency_ms = rng.integers(200, 1500, size)[:, None]
        skew_s = rng.normal(0, 1.5, size) * (rng.random(size) < 0.2)
        self._skew_ms = (skew_s * SECOND_MS * (faults.factor > 0)).astype(np.int64)[:, None]
        self._irregular = sums + np.flatnonzero(zone.meters.irregular & (faults.factor > 0))
        self._held = lru_cache(maxsize=4096)(self._held_value)

    def labels(self, start_ms: int, end_ms: int) -> Labels:
        """Return the labels of lasting faults that overlap start <= time < end."""
        episodes = self._plan.active(start_ms, end_ms)
        return Labels(
            episodes.kind.astype(np.uint8),
            (episodes.row + self._zone.first).astype(np.int32),
            episodes.start_ms,
            episodes.end_ms,
            self._magnitude(episodes),
        )

    def block(self, number: int, from_ms: int, until_ms: int) -> tuple[Arrivals, Labels]:
        """Return a block's readings of from <= true time < until, and the labels of single faults.

        The whole block is drawn whichever part is asked for, so its parts add up to it.
        """
        rng = generator(self._seed, Purpose.MEASUREMENT, self._zone.number, number)
        block = self._measure(rng, number)
        block.sent[:, (block.slot_ms < from_ms) | (block.slot_ms >= until_ms)] = False
        self._stray(rng, block)
        episodes = self._plan.active(int(block.slot_ms[0]), int(block.slot_ms[-1]) + self._step_ms)
        inject_faults(block, episodes, self._magnitude(episodes))
        return self._send(rng, block)

    def _measure(self, rng: np.random.Generator, number: int) -> Block:
        shape = (self._zone.size, self._steps)
        slots = np.arange(number * self._steps, (number + 1) * self._steps, dtype=np.int64)
        slot_ms = slots * self._step_ms
        truth = self._load.block(number)
        value = self._error * np.abs(truth)
        value += _LEAST_ERROR_KW
        value *= rng.standard_normal(shape, dtype=np.float32)
        value += truth
        np.maximum(value, self._floor, out=value)
        value *= 1000
        np.rint(value, out=value)
        value /= 1000
        value += 0.0  # no -0.0
        hurry_ms = (300 * rng.standard_exponential(shape, dtype=np.float32)).astype(np.int64)
        hurry_ms += self._latency_ms
        hurry_ms += slot_ms
        everything, nothing = np.ones(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
        return Block(
            slot_ms, self._step_ms, value, slot_ms + self._skew_ms, hurry_ms, everything, nothing
        )

    def _stray(self, rng: np.random.Generator, block: Block) -> None:
        """Delay irregular meters at random within the step, and drop some of their readings."""
        shape = (len(self._irregular), self._steps)
        wait_ms = rng.integers(0, max(1, self._step_ms * 9 // 10), shape)
        block.time_ms[self._irregular] += wait_ms
        block.arrival_ms[self._irregular] += wait_ms
        block.sent[self._irregular] &= rng.random(shape) >= _SKIPPED

    def _magnitude(self, episodes: Episodes) -> Floats:
        magnitude = episodes.magnitude.copy()
        for episode in np.flatnonzero(episodes.kind == KINDS.index(FaultKind.FLATLINE)):
            magnitude[episode] = self._held(
                int(episodes.row[episode]), int(episodes.start_ms[episode])
            )
        return magnitude

    def _held_value(self, row: int, time_ms: int) -> float:
        """Return the value of a stuck meter: its load when it got stuck."""
        block, step = divmod(time_ms // self._step_ms, self._steps)
        return round(float(self._load.block(block)[row, step]), 3) + 0.0

    def _send(self, rng: np.random.Generator, block: Block) -> tuple[Arrivals, Labels]:
        """Return the readings of a block, with single faults applied, and their labels."""
        size = block.value.size
        late, delay_s, _ = self._choose(rng, block, self._faults.late, 600, 3600)
        again, again_s, _ = self._choose(rng, block, self._faults.duplicate, 20, 120)
        wrong, wrong_s, miss = self._choose(rng, block, self._faults.correction, 1800, 5400)
        sent = Arrivals(
            self._series,
            block.time_ms.ravel(),
            block.arrival_ms.ravel(),
            block.value.ravel(),
            np.zeros(size, dtype=np.uint8),
            np.zeros(size, dtype=np.int32),
        )
        sent.arrival_ms[late] += delay_s * SECOND_MS

        corrected = sent.take(wrong)
        corrected.arrival_ms[:] += wrong_s * SECOND_MS
        corrected.revision[:] = 1
        sent.value[wrong] = np.round(corrected.value * (1 + 0.1 * miss), 3) + 0.0
        sent.quality[wrong] = Quality.ESTIMATED_LINEAR

        repeated = sent.take(again)
        repeated.arrival_ms[:] += again_s * SECOND_MS
        off = corrected.value - sent.value[wrong]
        labels = [
            self._label(block.slot_ms, FaultKind.LATE, late, delay_s),
            self._label(block.slot_ms, FaultKind.DUPLICATE, again, again_s),
            self._label(block.slot_ms, FaultKind.CORRECTION, wrong, off),
        ]
        kept = block.sent.ravel()
        first = sent if kept.all() else sent.take(kept)
        return Arrivals.join([first, repeated, corrected]), Labels.join(labels)

    def _choose(
        self, rng: np.random.Generator, block: Block, share: float, mean_s: float, most_s: float
    ) -> tuple[Ints, Ints, Floats]:
        """Choose readings for a single fault; return their places, delays (s) and sizes.

        What counts as late depends on the interval of readings, so delays grow with the step.
        """
        count = rng.binomial(block.value.size, share)
        place = np.unique(rng.integers(0, block.value.size, count))
        delay_s = np.minimum(rng.exponential(mean_s, len(place)) + 1, most_s)
        delay_s *= slowness(self._step_ms)
        miss = rng.standard_normal(len(place))
        possible = block.sent.ravel()[place] & ~block.struck.ravel()[place]
        return place[possible], delay_s[possible].astype(np.int64), miss[possible]

    def _label(
        self, slot_ms: Ints, kind: FaultKind, place: Ints, magnitude: Ints | Floats
    ) -> Labels:
        from_ms = slot_ms[place % self._steps]
        kinds = np.full(len(place), KINDS.index(kind), dtype=np.uint8)
        return Labels(
            kinds,
            self._series[place],
            from_ms,
            from_ms + self._step_ms,
            magnitude.astype(np.float64).round(3),
        )


def slowness(step_ms: int) -> float:
    """Return the factor on delays, 1 for readings every five minutes or less."""
    return max(1.0, step_ms / (300 * SECOND_MS))


def longest_delay_ms(step_ms: int) -> int:
    """Return the longest possible delay of a reading after its true time."""
    return int(5 * HOUR_MS * slowness(step_ms))

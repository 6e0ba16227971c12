"""Which release answers for which series of one partition, and why none does elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.fingerprints import Fingerprints
from gridcast.models.forecasters import Why
from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.serving.answer_cache import AnswerCache, FinishedForecasts, Window
from gridcast.models.serving.selection import LoadedRelease, TickContext
from gridcast.models.serving.series_facts import SeriesFacts, rows_of_kind
from gridcast.models.serving.weather_view import StationView, TickWeather, WeatherView
from gridcast.models.windows import Windows
from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import Rows
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import Maker
from gridcast.units import MINUTE_MS

NO_USE = "the model cannot use its window"
NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class ReleaseAtTick:
    """A release that answers at a tick, and the weather that it sees."""

    answers: AnswerCache
    weather_view: WeatherView | None
    next_weather_view: WeatherView | None
    """The view that it would have if the open slot were over."""

    def makers(self) -> Iterator[Maker]:
        """Return the maker of its forecasts for each place whose weather it sees."""
        one = self.answers.in_use
        spec = one.network.contract.features
        blind = bool(spec.weather or spec.weather_ahead)
        places = [StationView("no weather is served" if blind else None, None)]
        for place in places if self.weather_view is None else self.weather_view.places:
            rung = Rung.MODEL if place.failed is None else Rung.MODEL_WITHOUT_WEATHER
            yield Maker(rung, place.failed, one.model, one.release, place.issued_at)

    def ask(
        self, rows: Rows, window: Window, origin_ms: int, facts: SeriesFacts
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Return which of these rows it can answer for, and the quantiles of those, kW."""
        self.answers.renew(rows, window, origin_ms, facts, self.weather_view)
        usable, quantiles = self.answers.of(rows)
        mean, mark = window
        # A series that was measured below its declared floor can evidently go below it.
        least = np.min(mean, axis=0, initial=np.inf, where=mark != NOTHING)
        floor = np.minimum(facts.lower[rows], least)[usable]
        np.maximum(quantiles, floor[:, None, None], out=quantiles)
        return usable, quantiles

    def read_ahead(
        self, rows: Rows, window: Window, origin_ms: int, facts: SeriesFacts, ticks: int
    ) -> None:
        """Encode some of the next origin's windows; `ticks` are left to encode all."""
        self.answers.read_ahead(rows, window, origin_ms, facts, self.next_weather_view, ticks=ticks)

    def made_by(self, rows: Rows) -> npt.NDArray[np.uint16]:
        """Return which of its makers makes the forecast of each row."""
        if self.weather_view is None:
            return np.zeros(len(rows), np.uint16)
        return self.weather_view.of[rows].astype(np.uint16)


class PartitionServing:
    """Keeps the answer caches of one partition from tick to tick, one for each release in use.

    Parameters
    ----------
    grid
        Where series are declared.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._facts = SeriesFacts(grid)
        self._stations = NearestStations(grid)
        self._answers: dict[LoadedRelease, AnswerCache] = {}
        self.finished: FinishedForecasts | None = None
        """The forecasts of the last tick."""

    def at(
        self, windows: Windows, tick_ms: int, context: TickContext, old_ms: int
    ) -> "ServingAtTick":
        """Prepare a tick. A weather forecast older than `old_ms` counts as missing."""
        self._facts.look(windows.roster.names)
        models, by_kind = context.models, rows_of_kind(self._facts.kind)
        champions: dict[LoadedRelease, list[Rows]] = {}
        challengers: dict[LoadedRelease, list[Rows]] = {}
        for kind, rows in by_kind.items():
            champion, shadow = models.champion(kind), models.challenger(kind)
            if champion is not None:
                champions.setdefault(champion, []).append(rows)
            if shadow is not None:
                chosen = rows[self._facts.lot[rows] < shadow.share]
                challengers.setdefault(shadow.in_use, []).append(chosen)
        known = self._answers
        self._answers = {
            one: known.get(one) or AnswerCache(one) for one in (*champions, *challengers)
        }
        tick_weather = TickWeather(context, self._stations, windows, old_ms)
        return ServingAtTick(
            self._facts,
            [self._answering(windows, one, rows, tick_weather) for one, rows in champions.items()],
            [
                self._answering(windows, one, rows, tick_weather)
                for one, rows in challengers.items()
            ],
            Origins.at(windows, tick_ms),
            context.models.reason,
        )

    def _answering(
        self, windows: Windows, one: LoadedRelease, of_kinds: list[Rows], tick_weather: TickWeather
    ) -> ReleaseAtTick:
        answers, rows = self._answers[one], np.sort(np.concatenate(of_kinds))
        answers.seat(rows, windows.roster.numbers[rows])
        features = one.network.contract.features
        next_view = (
            tick_weather.view(features, 1) if one.network.memory and features.weather else None
        )
        return ReleaseAtTick(answers, tick_weather.view(features), next_view)


@dataclass(frozen=True, slots=True)
class Origins:
    """When this horizon begins, and when the next one does."""

    now_ms: int
    next_ms: int
    ticks_between: int
    """Ticks left to read ahead in, with this one; 0 at a slot's first tick: it has enough to do."""

    @classmethod
    def at(cls, windows: Windows, tick_ms: int) -> Self:
        """Return the origins around a tick. The last tick before the next origin stays free."""
        now_ms, step_ms = windows.closed * windows.spec.step_ms, windows.spec.step_ms
        left = (now_ms + step_ms - tick_ms) // MINUTE_MS
        return cls(now_ms, now_ms + step_ms, max(1, left - 1) if tick_ms > now_ms else 0)


class ServingAtTick:
    """Decides which release answers for which row at one tick."""

    def __init__(
        self,
        facts: SeriesFacts,
        champions: list[ReleaseAtTick],
        challengers: list[ReleaseAtTick],
        origins: Origins,
        reason: str,
    ) -> None:
        self.facts, self._origins = facts, origins
        self.challengers = challengers
        self._champions = champions
        self._champion = np.full(len(facts.series), NOBODY)
        makers = [
            Maker(why.rung, why.text or because) for because in (reason, NO_USE) for why in Why
        ]
        makers += [Maker(Rung.POPULATION_PROFILE, why.text or NO_USE) for why in Why]
        self._first: list[int] = []
        for number, champion in enumerate(champions):
            self._champion[champion.answers.rows] = number
            self._first.append(len(makers))
            makers.extend(champion.makers())
        self.makers = tuple(makers)
        """Every maker that a forecast of this tick may have."""

    @property
    def answerers(self) -> list[AnswerCache]:
        """The caches of the releases that may have answered."""
        return [champion.answers for champion in self._champions]

    @property
    def lower(self) -> npt.NDArray[np.float32]:
        """Lowest possible load of each row, kW."""
        return self.facts.lower

    def answer(
        self,
        part: slice,
        window: Window,
        quantiles: npt.NDArray[np.float32],
        made_by: npt.NDArray[np.uint16],
        fingerprints: Fingerprints,
    ) -> None:
        """Fill in the releases' quantiles, their makers, and the fingerprints of their inputs."""
        origins = self._origins
        for number, champion in enumerate(self._champions):
            columns = np.flatnonzero(self._champion[part] == number)
            if not len(columns):
                continue
            mine = window
            if len(columns) < len(quantiles):
                mine = window[0][:, columns], window[1][:, columns]
            rows = part.start + columns
            usable, found = champion.ask(rows, mine, origins.now_ms, self.facts)
            if origins.ticks_between:
                champion.read_ahead(rows, mine, origins.next_ms, self.facts, origins.ticks_between)
            quantiles[columns[usable]] = found
            made_by[columns[usable]] = self._first[number] + champion.made_by(rows[usable])
            fingerprints[columns[usable]] = champion.answers.fingerprints(rows[usable])

    def fell_back(self, rows: Rows, why: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
        """Return the makers of the rows that no release answered for."""
        is_served = np.asarray(self._champion[rows] != NOBODY)
        return why.astype(np.uint16) + np.where(is_served, np.uint16(len(Why)), np.uint16(0))

    def without_a_past(self, made_by: npt.NDArray[np.uint16]) -> Iterator[tuple[Rows, Rows]]:
        """Yield, for each kind of series, the rows without a past of their own and the others."""
        has_none = np.array([maker.rung is Rung.LAST_LEVEL for maker in self.makers])
        new = has_none[made_by] & (made_by % len(Why) != Why.NOTHING_MEASURED)
        if not new.any():
            return
        for rows in rows_of_kind(self.facts.kind).values():
            is_new = new[rows]
            if is_new.any():
                yield rows[is_new], rows[~has_none[made_by[rows]]]

    def like_others(self, rows: Rows, made_by: npt.NDArray[np.uint16]) -> None:
        """Mark these rows as forecast from the other series of their kind."""
        made_by[rows] = made_by[rows] % len(Why) + 2 * len(Why)

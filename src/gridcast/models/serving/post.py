"""Who answers for the series of one partition: releases where they can, and why not elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters import Why
from gridcast.models.grid import Grid
from gridcast.models.nearest import NearestStations
from gridcast.models.serving.answering import Answering, TickWeather
from gridcast.models.serving.answers import Answers, Window
from gridcast.models.serving.beside import TickContext
from gridcast.models.serving.duty import LoadedRelease
from gridcast.models.serving.facts import SeriesFacts, rows_of_kind
from gridcast.models.serving.finished import Finished
from gridcast.models.serving.prints import Prints
from gridcast.models.windows import Windows
from gridcast.models.windows.minute import Rows
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import Maker
from gridcast.units import MINUTE_MS

NO_USE = "the model cannot use its window"
NOBODY = -1


class PartitionServing:
    """Keeps, from tick to tick, what the releases in use say of one partition.

    Parameters
    ----------
    grid
        Where series are declared.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._facts = SeriesFacts(grid)
        self._stations = NearestStations(grid)
        self._answers: dict[LoadedRelease, Answers] = {}
        self.finished: Finished | None = None
        """What the last tick gave out."""

    def at(self, windows: Windows, tick_ms: int, beside: TickContext, old_ms: int) -> "AtTick":
        """Make ready for a tick; a forecast of the weather older than `old_ms` counts as none."""
        self._facts.look(windows.roster.names)
        duty, by_kind = beside.duty, rows_of_kind(self._facts.kind)
        champions: dict[LoadedRelease, list[Rows]] = {}
        challengers: dict[LoadedRelease, list[Rows]] = {}
        for kind, rows in by_kind.items():
            champion, shadow = duty.champion(kind), duty.challenger(kind)
            if champion is not None:
                champions.setdefault(champion, []).append(rows)
            if shadow is not None:
                chosen = rows[self._facts.lot[rows] < shadow.share]
                challengers.setdefault(shadow.in_use, []).append(chosen)
        known = self._answers
        self._answers = {one: known.get(one) or Answers(one) for one in (*champions, *challengers)}
        sky = TickWeather(beside, self._stations, windows, old_ms)
        return AtTick(
            self._facts,
            [self._answering(windows, one, rows, sky) for one, rows in champions.items()],
            [self._answering(windows, one, rows, sky) for one, rows in challengers.items()],
            Origins.at(windows, tick_ms),
            beside.duty.reason,
        )

    def _answering(
        self, windows: Windows, one: LoadedRelease, of_kinds: list[Rows], sky: TickWeather
    ) -> Answering:
        answers, rows = self._answers[one], np.sort(np.concatenate(of_kinds))
        answers.seat(rows, windows.roster.numbers[rows])
        features = one.network.contract.features
        ahead = sky.seen(features, 1) if one.network.memory and features.weather else None
        return Answering(answers, sky.seen(features), ahead)


@dataclass(frozen=True, slots=True)
class Origins:
    """When the horizon begins, and when the next one does."""

    now_ms: int
    next_ms: int
    ticks_between: int
    """How many are left to read ahead in, with this one; 0 where a slot begins: that has enough."""

    @classmethod
    def at(cls, windows: Windows, tick_ms: int) -> Self:
        """Look where a tick lies between two; the last before the next is left free."""
        now_ms, step_ms = windows.closed * windows.spec.step_ms, windows.spec.step_ms
        left = (now_ms + step_ms - tick_ms) // MINUTE_MS
        return cls(now_ms, now_ms + step_ms, max(1, left - 1) if tick_ms > now_ms else 0)


class AtTick:
    """Who answers for which row at one tick."""

    def __init__(
        self,
        facts: SeriesFacts,
        champions: list[Answering],
        challengers: list[Answering],
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
        """All who may have made a forecast."""

    @property
    def answerers(self) -> list[Answers]:
        """Who may have answered."""
        return [champion.answers for champion in self._champions]

    @property
    def lower(self) -> npt.NDArray[np.float32]:
        """The least load that each row can have."""
        return self.facts.lower

    def answer(
        self,
        part: slice,
        window: Window,
        quantiles: npt.NDArray[np.float32],
        made_by: npt.NDArray[np.uint16],
        prints: Prints,
    ) -> None:
        """Put in what the releases say of some rows, by whom, and the print of what from."""
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
            prints[columns[usable]] = champion.answers.prints(rows[usable])

    def fell_back(self, rows: Rows, why: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
        """Say by whom the forecasts are that the releases did not make."""
        is_served = np.asarray(self._champion[rows] != NOBODY)
        return why.astype(np.uint16) + np.where(is_served, np.uint16(len(Why)), np.uint16(0))

    def without_a_past(self, made_by: npt.NDArray[np.uint16]) -> Iterator[tuple[Rows, Rows]]:
        """Give, for each kind of series, those without a past of their own and those with one."""
        has_none = np.array([maker.rung is Rung.LAST_LEVEL for maker in self.makers])
        new = has_none[made_by] & (made_by % len(Why) != Why.NOTHING_MEASURED)
        if not new.any():
            return
        for rows in rows_of_kind(self.facts.kind).values():
            is_new = new[rows]
            if is_new.any():
                yield rows[is_new], rows[~has_none[made_by[rows]]]

    def like_others(self, rows: Rows, made_by: npt.NDArray[np.uint16]) -> None:
        """Say that these are forecast as the others are."""
        made_by[rows] = made_by[rows] % len(Why) + 2 * len(Why)

"""Who answers for the series of one partition: releases where they can, and why not elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.forecasters import Why
from gridcast.models.grid import Grid
from gridcast.models.nearest import Stations
from gridcast.models.serving.answers import Answers, Window
from gridcast.models.serving.beside import Beside
from gridcast.models.serving.duty import InUse
from gridcast.models.serving.facts import Facts, rows_of_kind
from gridcast.models.serving.seen import Place, Seen, see
from gridcast.models.windows import Windows
from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import Rows
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import Maker

NO_USE = "the model cannot use its window"
NOBODY = -1


class Post:
    """Keeps, from tick to tick, what the releases in use say of one partition.

    Parameters
    ----------
    grid
        Where series are declared.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._facts = Facts(grid)
        self._stations = Stations(grid)
        self._answers: dict[InUse, Answers] = {}

    def at(self, windows: Windows, tick_ms: int, beside: Beside, old_ms: int) -> "AtTick":
        """Make ready for a tick; a forecast of the weather older than `old_ms` counts as none."""
        names, facts = windows.roster.names, self._facts
        facts.look(names)
        rows: dict[InUse, list[Rows]] = {}
        for kind, of_kind in rows_of_kind(facts.kind).items():
            champion = beside.duty.champion(kind)
            if champion is not None:
                rows.setdefault(champion, []).append(of_kind)
        self._answers = {one: self._answers.get(one) or Answers(one) for one in rows}
        origin_ms = windows.closed * windows.spec.step_ms
        champions = []
        for one, answers in self._answers.items():
            answers.seat(windows.roster.numbers)
            spec, seen = one.network.contract.features, None
            if beside.weather is not None and (spec.weather or spec.weather_ahead):
                seen = see(
                    spec,
                    beside.weather,
                    self._stations,
                    names,
                    tick_ms=tick_ms,
                    origin_ms=origin_ms,
                    old_ms=old_ms,
                )
            champions.append(Champion(answers, np.concatenate(rows[one]), seen))
        return AtTick(facts, champions, origin_ms, beside.duty.reason)


@dataclass(frozen=True, slots=True, eq=False)
class Champion:
    """A release that answers at a tick, for some rows."""

    answers: Answers
    rows: Rows
    seen: Seen | None

    def makers(self) -> Iterator[Maker]:
        """Say who makes its forecasts: by the place whose weather it sees."""
        one = self.answers.in_use
        spec = one.network.contract.features
        blind = bool(spec.weather or spec.weather_ahead)
        places = [Place("no weather is served" if blind else None, None)]
        for place in places if self.seen is None else self.seen.places:
            rung = Rung.MODEL if place.failed is None else Rung.MODEL_WITHOUT_WEATHER
            yield Maker(rung, place.failed, one.model, one.release, place.issued_at)


class AtTick:
    """Who answers for which row at one tick."""

    def __init__(
        self, facts: Facts, champions: list[Champion], origin_ms: int, reason: str
    ) -> None:
        self._facts, self._champions, self._origin_ms = facts, champions, origin_ms
        self._champion = np.full(len(facts.series), NOBODY)
        makers = [
            Maker(why.rung, why.text or because) for because in (reason, NO_USE) for why in Why
        ]
        makers += [Maker(Rung.POPULATION_PROFILE, why.text or NO_USE) for why in Why]
        self._first: list[int] = []
        for number, champion in enumerate(champions):
            self._champion[champion.rows] = number
            self._first.append(len(makers))
            makers.extend(champion.makers())
        self.makers = tuple(makers)
        """All who may have made a forecast."""

    @property
    def lower(self) -> npt.NDArray[np.float32]:
        """The least load that each row can have."""
        return self._facts.lower

    def answer(
        self,
        part: slice,
        window: Window,
        quantiles: npt.NDArray[np.float32],
        made_by: npt.NDArray[np.uint16],
    ) -> npt.NDArray[np.bool_]:
        """Put in what the releases say of some rows, and by whom; give of which rows they did."""
        mean, mark = window
        answered = np.zeros(len(quantiles), np.bool_)
        for number, champion in enumerate(self._champions):
            columns = np.flatnonzero(self._champion[part] == number)
            if not len(columns):
                continue
            rows, all_of_it = part.start + columns, len(columns) == len(quantiles)
            mine = window if all_of_it else (mean[:, columns], mark[:, columns])
            champion.answers.renew(rows, mine, self._origin_ms, self._facts, champion.seen)
            usable = champion.answers.usable[rows]
            columns, rows = columns[usable], rows[usable]
            quantiles[columns] = champion.answers.quantiles[rows]
            made_by[columns] = self._first[number]
            if champion.seen is not None:
                made_by[columns] += champion.seen.of[rows].astype(np.uint16)
            answered[columns] = True
        # One that was measured below shows that it can be.
        least = np.min(mean, axis=0, initial=np.inf, where=mark != NOTHING)
        floor = np.minimum(self.lower[part], least)[:, None, None]
        np.maximum(quantiles, floor, out=quantiles, where=answered[:, None, None])
        return answered

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
        for rows in rows_of_kind(self._facts.kind).values():
            is_new = new[rows]
            if is_new.any():
                yield rows[is_new], rows[~has_none[made_by[rows]]]

    def like_others(self, rows: Rows, made_by: npt.NDArray[np.uint16]) -> None:
        """Say that these are forecast as the others are."""
        made_by[rows] = made_by[rows] % len(Why) + 2 * len(Why)

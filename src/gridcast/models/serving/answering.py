"""A release that answers at one tick, and the weather that it sees."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.features import FeatureSpec
from gridcast.models.nearest import NearestStations
from gridcast.models.serving.answers import Answers, Window
from gridcast.models.serving.beside import TickContext
from gridcast.models.serving.facts import SeriesFacts
from gridcast.models.serving.seen import StationView, WeatherView, see
from gridcast.models.windows import Windows
from gridcast.models.windows.marks import NOTHING
from gridcast.models.windows.minute import Rows
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import Maker


class TickWeather:
    """The weather of one tick, looked at once for all who look at the same of it."""

    def __init__(
        self,
        beside: TickContext,
        stations: NearestStations,
        windows: Windows,
        old_ms: int,
    ) -> None:
        self._beside, self._stations, self._windows = beside, stations, windows
        self._old_ms = old_ms
        self._seen: dict[tuple[FeatureSpec, int], WeatherView] = {}

    def seen(self, spec: FeatureSpec, ahead: int = 0) -> WeatherView | None:
        """Give what a network of these features sees; None: it sees none, or there is none.

        `ahead` is how many slots after this one the horizon begins.
        """
        weather, windows = self._beside.weather, self._windows
        if weather is None or not (spec.weather or spec.weather_ahead):
            return None
        if (spec, ahead) not in self._seen:
            self._seen[spec, ahead] = see(
                spec,
                weather,
                self._stations,
                windows.roster.names,
                origin_ms=(windows.closed + ahead) * windows.spec.step_ms,
                old_ms=self._old_ms,
            )
        return self._seen[spec, ahead]


@dataclass(frozen=True, slots=True, eq=False)
class Answering:
    """A release that answers at a tick, and the weather that it sees."""

    answers: Answers
    seen: WeatherView | None
    ahead: WeatherView | None
    """What it would see if the open slot were over."""

    def makers(self) -> Iterator[Maker]:
        """Say who makes its forecasts: by the place whose weather it sees."""
        one = self.answers.in_use
        spec = one.network.contract.features
        blind = bool(spec.weather or spec.weather_ahead)
        places = [StationView("no weather is served" if blind else None, None)]
        for place in places if self.seen is None else self.seen.places:
            rung = Rung.MODEL if place.failed is None else Rung.MODEL_WITHOUT_WEATHER
            yield Maker(rung, place.failed, one.model, one.release, place.issued_at)

    def ask(
        self, rows: Rows, window: Window, origin_ms: int, facts: SeriesFacts
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Ask for some rows: give for which of them it can answer, and their quantiles, kW."""
        self.answers.renew(rows, window, origin_ms, facts, self.seen)
        usable, quantiles = self.answers.of(rows)
        mean, mark = window
        # One that was measured below shows that it can be.
        least = np.min(mean, axis=0, initial=np.inf, where=mark != NOTHING)
        floor = np.minimum(facts.lower[rows], least)[usable]
        np.maximum(quantiles, floor[:, None, None], out=quantiles)
        return usable, quantiles

    def read_ahead(
        self, rows: Rows, window: Window, origin_ms: int, facts: SeriesFacts, ticks: int
    ) -> None:
        """Let it read some of what it will answer from at the next origin, in so many ticks."""
        self.answers.read_ahead(rows, window, origin_ms, facts, self.ahead, ticks=ticks)

    def made_by(self, rows: Rows) -> npt.NDArray[np.uint16]:
        """Give which of its makers makes the forecasts of rows."""
        if self.seen is None:
            return np.zeros(len(rows), np.uint16)
        return self.seen.of[rows].astype(np.uint16)

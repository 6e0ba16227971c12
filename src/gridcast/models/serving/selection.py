"""Which models answer at a tick, and what a model must fulfil to serve here."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

from gridcast.models.contract import ContractError, DamagedError, ProbeError
from gridcast.models.grid import Grid
from gridcast.models.network import Network
from gridcast.models.weather import WeatherAtTick
from gridcast.schemas import Unfit

Kind = str | None
"""A kind of series ("meter", "feeder", …); None: all kinds that have none of their own."""
_Model = TypeVar("_Model")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedRelease:
    """A release whose network is loaded and tried."""

    model: str
    release: str
    network: Network


@dataclass(frozen=True, slots=True, eq=False)
class Challenger:
    """A challenger answers beside the champion for a share of the series, and is only scored."""

    in_use: LoadedRelease
    share: float
    """Share of the series that it answers for, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ServingModels:
    """The models that answer at a tick: one object, so that no tick mixes two selections."""

    champions: Mapping[Kind, LoadedRelease] = field(default_factory=dict)
    challengers: Mapping[Kind, Challenger] = field(default_factory=dict)
    reason: str = "no model is served"
    """Why no model answers for a kind without a champion."""

    def champion(self, kind: str) -> LoadedRelease | None:
        """Return the champion of a kind of series."""
        return _of(self.champions, kind)

    def challenger(self, kind: str) -> Challenger | None:
        """Return the challenger of a kind of series."""
        return _of(self.challengers, kind)

    @property
    def sees_weather(self) -> bool:
        """Whether any of these models reads the weather."""
        releases = [*self.champions.values(), *(one.in_use for one in self.challengers.values())]
        specs = [release.network.contract.features for release in releases]
        return any(spec.weather or spec.weather_ahead for spec in specs)


NO_MODELS = ServingModels()
"""No models: the fallback rungs answer."""


def _of(models: Mapping[Kind, _Model], kind: str) -> _Model | None:
    return models[kind] if kind in models else models.get(None)


class UnfitError(Exception):
    """A release cannot be taken into use here."""

    def __init__(self, because: Unfit, detail: str) -> None:
        super().__init__(detail)
        self.because = because
        self.detail = detail


@dataclass(frozen=True, slots=True)
class NetworkRequirements:
    """The step, horizon and levels that a deployment requires of a network."""

    step_minutes: int
    horizon: int
    """Slots."""
    levels: tuple[float, ...]

    def network(self, data: bytes) -> Network:
        """Load a network from a file, probe it and warm it up, or raise :class:`UnfitError`."""
        try:
            network = self._load(data)
            network.warm_up()
        except ContractError as error:
            raise UnfitError(_because(error), str(error)) from None
        except Exception as error:  # noqa: BLE001 - whatever a file does, the worker goes on
            raise UnfitError(Unfit.PROBE, f"{type(error).__name__}: {_line(error)}") from None
        return network

    def _load(self, data: bytes) -> Network:
        network = Network.load(
            data, step_minutes=self.step_minutes, horizon=self.horizon, levels=self.levels
        )
        if network.contract.features.operator:
            raise ContractError("it is shown an operator's own forecast, and workers have none")
        return network


def _because(error: ContractError) -> Unfit:
    if isinstance(error, DamagedError):
        return Unfit.DAMAGED
    return Unfit.PROBE if isinstance(error, ProbeError) else Unfit.CONTRACT


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]


@dataclass(frozen=True, slots=True, eq=False)
class TickContext:
    """The inputs of a tick besides the readings: the grid, the models, and the weather."""

    grid: Grid = field(default_factory=Grid)
    models: ServingModels = NO_MODELS
    weather: WeatherAtTick | None = None
    """The weather as it was known at the tick; None: there is none, or nothing reads it."""


EMPTY_CONTEXT = TickContext()


class ServingSchedule:
    """Which models serve at which tick, the same for all partitions of a worker.

    The models of a tick are fixed when the first partition reaches it. A later change takes effect
    after all ticks that were begun. So a partition that is behind answers a tick with the models
    that the others had. Safe to use from several threads.

    Examples
    --------
    >>> old, new = ServingModels(), ServingModels()
    >>> schedule = ServingSchedule(old)
    >>> schedule.models_at(60_000) is old
    True
    >>> schedule.change(new)
    >>> schedule.models_at(60_000) is old, schedule.models_at(120_000) is new
    (True, True)
    >>> schedule.models_at(0) is old
    True
    """

    def __init__(self, models: ServingModels = NO_MODELS) -> None:
        self._next = models
        self._lock = Lock()
        self._newest_ms: int | None = None
        self._since_ms: list[int] = []
        self._models: list[ServingModels] = []
        """Each serves from its tick in `_since_ms` up to the next one's."""

    def change(self, models: ServingModels) -> None:
        """Change the models, beginning with the next tick that no partition has reached."""
        with self._lock:
            self._next = models

    def models_at(self, tick_ms: int) -> ServingModels:
        """Return the models of a tick."""
        with self._lock:
            if self._newest_ms is None or tick_ms > self._newest_ms:
                self._newest_ms = tick_ms
                if not self._models or self._models[-1] is not self._next:
                    self._since_ms.append(tick_ms)
                    self._models.append(self._next)
            return self._models[max(0, bisect_right(self._since_ms, tick_ms) - 1)]

    def forget(self, oldest_ms: int) -> None:
        """Drop models that no tick from `oldest_ms` on uses: no partition is further behind."""
        with self._lock:
            gone = max(0, bisect_right(self._since_ms, oldest_ms) - 1)
            del self._since_ms[:gone], self._models[:gone]

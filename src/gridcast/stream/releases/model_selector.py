"""Selects the models that serve in this worker, and loads them outside the ticks.

For each kind of series the newest champion that is fit serves. An unfit release is passed over, and
the former one keeps serving. The last resort is the model in the box.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping

from gridcast.agents.metrics import Metrics
from gridcast.models.serving import NO_MODELS, Challenger, LoadedRelease, ServingModels
from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.models.serving.selection import NetworkRequirements, ServingSchedule
from gridcast.schemas import Release, Role, SeriesKind
from gridcast.stream.releases.artifacts import Artifacts
from gridcast.stream.releases.default_release import boxed_release
from gridcast.stream.releases.loader import NEVER, Loader, Unfitness
from gridcast.stream.releases.refusals import Refusals
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.releases")
FIRST_WITHIN_S = 30.0
"""How long a starting worker waits for its models. Then it begins without the missing ones."""
REASON_LENGTH = 200
"""Most characters of a forecast's reason."""


class ModelSelector:
    """The models that serve at each tick in this worker.

    Parameters
    ----------
    settings
        The deployment's settings.
    metrics
        Counts what serves, what was loaded and what was refused.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.releases = ReleaseRegistry()
        """The current contents of the topic."""
        self.refusals = Refusals(settings)
        self._settings = settings
        self._metrics = metrics
        self._loader = Loader(
            self.releases,
            needs_of(settings),
            Artifacts(settings.cache_dir / "models"),
            self.refusals,
            metrics,
        )
        self._serving = ServingModels()
        self._schedule = ServingSchedule(self._serving)
        self._unfit: list[Unfitness] = []
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    def models_at(self, tick_ms: int) -> ServingModels:
        """Return the models of a tick, the same object for all partitions. It is thread-safe."""
        return self._schedule.models_at(tick_ms)

    def forget(self, oldest_ms: int) -> None:
        """Drop models that only ticks before this one need."""
        self._schedule.forget(oldest_ms)

    def look(self) -> None:
        """Notify it that the topic has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Load the models that are to serve, forever."""
        while True:
            self._changed.clear()
            await self._load_all()
            if not self._changed.is_set():
                self._settled.set()
            again_s = min((unfit.again_s for unfit in self._unfit), default=NEVER)
            left = None if again_s == NEVER else max(0.0, again_s - time.monotonic())
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                continue

    async def settled(self) -> None:
        """Wait until each model that is to serve was tried once, or a time limit is over."""
        try:
            await asyncio.wait_for(self._settled.wait(), FIRST_WITHIN_S)
        except TimeoutError:
            LOG.warning(
                "models are still loading after %.0f s; starting without them", FIRST_WITHIN_S
            )

    async def _load_all(self) -> None:
        champions: dict[str | None, LoadedRelease] = {}
        challengers: dict[str | None, Challenger] = {}
        unfit: list[Unfitness] = []
        for kind in dict.fromkeys((None, *self.releases.kinds())):
            in_use = await self._first_fit(self._champions(kind), unfit)
            if in_use is not None:
                champions[kind] = in_use
            for release in self.releases.challengers(kind)[:1]:
                in_use = await self._first_fit([release], unfit)
                if in_use is not None:
                    challengers[kind] = Challenger(in_use, release.share)
        self._unfit = unfit
        self._change(ServingModels(champions, challengers, self._reason()))

    def _champions(self, kind: SeriesKind | None) -> list[Release]:
        """Return the releases that may serve a kind, best first."""
        champions = self.releases.champions(kind)
        if kind is None and self._settings.model == "box":
            box = boxed_release(self._settings.step_minutes)
            champions += [] if box is None else [box]
        return champions

    async def _first_fit(
        self, releases: Iterable[Release], unfit: list[Unfitness]
    ) -> LoadedRelease | None:
        for release in releases:
            loaded = await self._loader.take(release)
            if isinstance(loaded, LoadedRelease):
                return loaded
            unfit.append(loaded)
        return None

    def _reason(self) -> str:
        if self._unfit:
            return f"refused: {self._unfit[0]}"[:REASON_LENGTH]
        if self._settings.model == "box" and boxed_release(self._settings.step_minutes) is None:
            return f"no model in the box has a step of {self._settings.step_minutes} min"
        return NO_MODELS.reason

    def _change(self, models: ServingModels) -> None:
        self._metrics.releases_unfit(len(self._unfit))
        challengers = [challenger.in_use for challenger in models.challengers.values()]
        self._loader.keep([*models.champions.values(), *challengers])
        if _serving(models) == _serving(self._serving):
            return
        _log_change(Role.CHAMPION, self._serving.champions, models.champions)
        _log_change(Role.CHALLENGER, _challengers_of(self._serving), _challengers_of(models))
        self._serving = models
        self._schedule.change(models)
        self._metrics.serve(models)


def needs_of(settings: Settings) -> NetworkRequirements:
    """Return what this deployment needs of a network."""
    slots = round(settings.horizon_hours * 60 / settings.step_minutes)
    return NetworkRequirements(settings.step_minutes, slots, settings.levels)


def _serving(models: ServingModels) -> tuple[object, ...]:
    challengers = {
        kind: (challenger.in_use, challenger.share)
        for kind, challenger in models.challengers.items()
    }
    return dict(models.champions), challengers, models.reason


def _challengers_of(models: ServingModels) -> dict[str | None, LoadedRelease]:
    return {kind: challenger.in_use for kind, challenger in models.challengers.items()}


def _log_change(
    role: Role,
    before: Mapping[str | None, LoadedRelease],
    after: Mapping[str | None, LoadedRelease],
) -> None:
    for kind in dict.fromkeys((*before, *after)):
        old, new = before.get(kind), after.get(kind)
        if old is not new:
            LOG.info(
                "%s of %s: %s (before: %s)",
                role,
                "all kinds" if kind is None else f"kind {kind}",
                _name(new),
                _name(old),
            )


def _name(in_use: LoadedRelease | None) -> str:
    return "none" if in_use is None else f"{in_use.model} {in_use.release}"

"""Who answers in this worker: releases loaded beside the ticks, put on duty when they are fit.

What is bad is passed over, and who served before goes on: of the champions of a kind of series the
newest that is fit. At the bottom lies the model in the box.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping

from gridcast.agents.metrics import Metrics
from gridcast.models.serving import NO_MODELS, Challenger, LoadedRelease, ServingModels
from gridcast.models.serving.needs import Needs
from gridcast.models.serving.releases import Releases
from gridcast.models.serving.rota import ServingSchedule
from gridcast.schemas import Release, Role, SeriesKind
from gridcast.stream.releases.artifacts import Artifacts
from gridcast.stream.releases.default_release import boxed_release
from gridcast.stream.releases.loader import NEVER, Loader, Unfitness
from gridcast.stream.releases.refusals import Refusals
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.releases")
FIRST_WITHIN_S = 30.0
"""So long a worker that starts waits for its models; then it begins without those that lack."""
REASON_LENGTH = 200
"""Of a forecast's reason."""


class ModelSelector:
    """The duty of each tick in this worker.

    Parameters
    ----------
    settings
        Of the deployment.
    metrics
        Are told who serves, what was loaded and what was refused.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.releases = Releases()
        """The topic as it stands."""
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
        self._duty = ServingModels()
        self._rota = ServingSchedule(self._duty)
        self._unfit: list[Unfitness] = []
        self._changed = asyncio.Event()
        self._settled = asyncio.Event()

    def duty_at(self, tick_ms: int) -> ServingModels:
        """Give who answers at a tick: one object for all partitions. Safe from any thread."""
        return self._rota.duty_at(tick_ms)

    def forget(self, oldest_ms: int) -> None:
        """Let go of whom only ticks before this one asked for."""
        self._rota.forget(oldest_ms)

    def look(self) -> None:
        """Take note that the topic has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Load what is to serve, for ever."""
        while True:
            self._changed.clear()
            await self._load_all()
            if not self._changed.is_set():
                self._settled.set()
            again_s = min((one.again_s for one in self._unfit), default=NEVER)
            left = None if again_s == NEVER else max(0.0, again_s - time.monotonic())
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                continue

    async def settled(self) -> None:
        """Return when all that is to serve was tried once; after a while in any case."""
        try:
            await asyncio.wait_for(self._settled.wait(), FIRST_WITHIN_S)
        except TimeoutError:
            LOG.warning("models are still being loaded after %.0f s; going on", FIRST_WITHIN_S)

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
        """Name who may serve a kind, the best first."""
        found = self.releases.champions(kind)
        if kind is None and self._settings.model == "box":
            box = boxed_release(self._settings.step_minutes)
            found += [] if box is None else [box]
        return found

    async def _first_fit(
        self, releases: Iterable[Release], unfit: list[Unfitness]
    ) -> LoadedRelease | None:
        for release in releases:
            found = await self._loader.take(release)
            if isinstance(found, LoadedRelease):
                return found
            unfit.append(found)
        return None

    def _reason(self) -> str:
        if self._unfit:
            return f"refused: {self._unfit[0]}"[:REASON_LENGTH]
        if self._settings.model == "box" and boxed_release(self._settings.step_minutes) is None:
            return f"no model in the box has a step of {self._settings.step_minutes} min"
        return NO_MODELS.reason

    def _change(self, duty: ServingModels) -> None:
        self._metrics.releases_unfit(len(self._unfit))
        shadows = [shadow.in_use for shadow in duty.challengers.values()]
        self._loader.keep([*duty.champions.values(), *shadows])
        if _posts(duty) == _posts(self._duty):
            return
        _say(Role.CHAMPION, self._duty.champions, duty.champions)
        _say(Role.CHALLENGER, _in_shadow(self._duty), _in_shadow(duty))
        self._duty = duty
        self._rota.change(duty)
        self._metrics.serve(duty)


def needs_of(settings: Settings) -> Needs:
    """Give what a network has to give in this deployment."""
    slots = round(settings.horizon_hours * 60 / settings.step_minutes)
    return Needs(settings.step_minutes, slots, settings.levels)


def _posts(duty: ServingModels) -> tuple[object, ...]:
    shadows = {kind: (one.in_use, one.share) for kind, one in duty.challengers.items()}
    return dict(duty.champions), shadows, duty.reason


def _in_shadow(duty: ServingModels) -> dict[str | None, LoadedRelease]:
    return {kind: shadow.in_use for kind, shadow in duty.challengers.items()}


def _say(
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

"""Does the work of a case: fits, trains, asks, scores; what was done before is not done again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from accuracy.cases import Case
from accuracy.champion import Champion, config_for, train
from accuracy.material import Fold, Material, Sizes
from accuracy.outcome import Kept, Outcome, outcome_of
from accuracy.published import publish
from gridcast.learning.training.config import Config
from gridcast.models.evaluation.baselines import BASELINES, Baseline, LightGbm
from gridcast.models.evaluation.samples import EvaluationSamples
from gridcast.models.evaluation.verified_forecasts import VerifiedForecasts
from gridcast.models.network import Network
from gridcast.stream.releases.box import boxed

SEEDED = ("lightgbm",)
QUICK_SIZES = Sizes(train=6_000, validation=1_000, test=1_500)
QUICK_TREES = {"rows": 30_000, "rounds": 60}
T = TypeVar("T")
Found = dict[str, list[Outcome]]
"""By forecaster: an outcome a seed, or the one there is."""


@dataclass(frozen=True)
class Work:
    """How a bench is to work."""

    data: Path
    base: Config
    kept: Kept
    seeds: tuple[int, ...]
    quick: bool
    network: bool

    @property
    def sizes(self) -> Sizes:
        """How many samples are used."""
        return QUICK_SIZES if self.quick else Sizes()

    def case(self, case: Case, fold: Fold | None = None) -> Found:
        """Work a case through, from the cheapest forecaster to the champion."""
        config = config_for(case, self.base, seed=0)
        material = Material(case, self.data, config, self.sizes, fold)
        print(f"\n{case.title}: {material.about}", flush=True)
        base = self.base if fold is None else _split_as(self.base, material)
        return _Case(replace(self, base=base), case, config, material).all()


class _Case:
    def __init__(self, work: Work, case: Case, config: Config, material: Material) -> None:
        self._work, self._case, self._material = work, case, material
        self._made_of = {
            "case": replace(case, title="", goals={}),
            "data": material.data.digest,
            "spec": material.builder.spec,
            "sizes": work.sizes,
            "levels": config.evaluation.levels,
            "split": material.split,
        }

    @cached_property
    def _lessons(self) -> tuple[EvaluationSamples, EvaluationSamples]:
        return self._material.lessons()

    def all(self) -> Found:
        """Give the outcomes of all forecasters."""
        found: Found = {}
        operator = self._material.ask_operator()
        if operator is not None:
            found["operator"] = [self._outcome(operator, 0, 0)]
        for name in BASELINES:
            if self._case.boxed and name in {"ridge", *SEEDED}:
                continue  # they would have to learn from the set
            seeds = self._work.seeds if name in SEEDED else (0,)
            found[name] = [self._baseline(name, seed) for seed in seeds]
        if self._case.boxed:
            found["champion"] = [self._in_the_box()]
            found["published"] = [self._through_a_tick(0)]
        elif self._work.network:
            found["champion"] = [self._champion(seed) for seed in self._work.seeds]
            if self._is_published:
                found["published"] = [self._published(seed) for seed in self._work.seeds]
        return found

    @property
    def _is_published(self) -> bool:
        """Whether a backtest judges the same: all of the newest part, and no worker is shown an
        operator's forecast."""
        return self._material.fold is None and not self._case.operator

    def _baseline(self, name: str, seed: int) -> Outcome:
        def make() -> Outcome:
            (learned, check), baseline = self._lessons, self._made(name, seed)
            fitted, seconds, cpu_s = timed(lambda: baseline.fit(learned, check))
            return self._outcome(self._material.ask(name, fitted), seconds, cpu_s)

        return self._keep(name, make, seed=seed)

    def _made(self, name: str, seed: int) -> Baseline:
        spec, levels = self._material.builder.spec, self._material.levels
        if name != "lightgbm":
            return BASELINES[name](spec, levels)
        return LightGbm(spec, levels, seed=seed, **(QUICK_TREES if self._work.quick else {}))

    def _in_the_box(self) -> Outcome:
        return self._of_champion(self._trained(0), cpu_s=0)

    def _champion(self, seed: int) -> Outcome:
        def make() -> Outcome:
            champion, _, cpu_s = timed(lambda: self._trained(seed))
            return self._of_champion(champion, cpu_s)

        return self._keep("champion", make, config=_dumped(self._config(seed)))

    def _published(self, seed: int) -> Outcome:
        make = partial(self._through_a_tick, seed)
        return self._keep("published", make, config=_dumped(self._config(seed)))

    def _through_a_tick(self, seed: int) -> Outcome:
        return self._outcome(publish(self._material, self._trained(seed).file), 0, 0)

    def _config(self, seed: int) -> Config:
        return config_for(self._case, self._work.base, seed)

    def _trained(self, seed: int) -> Champion:
        """Train a network, unless it was, or take the one in the box."""
        if self._case.boxed:
            file = boxed(self._case.step_minutes)
            return Champion(Network.load(file), 0, file)
        config = self._config(seed)
        made_of = {**self._made_of, "config": _dumped(config)}
        runs = self._work.kept.path(f"{self._case.name}-network-{seed}", made_of).with_suffix("")
        return train(self._material, config, runs)

    def _of_champion(self, champion: Champion, cpu_s: float) -> Outcome:
        found = self._material.ask("champion", champion.network)
        outcome = self._outcome(found, champion.seconds, cpu_s)
        return replace(outcome, file_bytes=len(champion.file))

    def _keep(self, name: str, make: Callable[[], Outcome], **more: object) -> Outcome:
        made_of = {**self._made_of, "forecaster": name, **more}
        return self._work.kept.outcome(f"{self._case.name}-{name}", made_of, make)

    def _outcome(self, found: VerifiedForecasts, seconds: float, cpu_s: float) -> Outcome:
        daily = self._case.local_hour is not None
        scales = self._material.scales
        return outcome_of(found, scales, seconds=seconds, cpu_s=cpu_s, daily=daily)


def _dumped(config: Config) -> dict[str, object]:
    return config.model_dump(mode="json")


def _split_as(config: Config, material: Material) -> Config:
    """Have networks learn from what a fold learns from: all up to the fold's validation."""
    slots, split = len(material.data.archive), material.split
    validation = len(split.validation) / slots
    shares = {"train": split.validation.end / slots - validation, "validation": validation}
    return config.model_copy(update={"split": config.split.model_copy(update=shares)})


def timed(call: Callable[[], T]) -> tuple[T, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = call()
    return made, time.perf_counter() - wall, time.process_time() - cpu

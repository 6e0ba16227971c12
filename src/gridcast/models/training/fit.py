"""The training loop: base by ridge regression, then each member, then conformal calibration."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch

from gridcast.models.features import FeatureSpec
from gridcast.models.training.calibration import calibrate
from gridcast.models.training.learner import Learner
from gridcast.models.training.networks import NETWORKS, ForecasterNetwork
from gridcast.models.training.networks.forecaster import mean_of
from gridcast.models.training.ridge import fit_base, fit_front
from gridcast.models.training.samples import TrainingSamples
from gridcast.models.training.settings import Design, TrainingSettings
from gridcast.models.training.training_batches import Lesson, Lessons, in_batches, prepare

SCALING_SAMPLES = 4_000


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Progress of a training."""

    stage: Literal["base", "member", "calibration"]
    step: int
    """Steps done, summed over members; steps saved by early stopping count as done."""
    steps: int
    member: int
    loss: float = float("nan")
    """Training loss before the step."""
    validation: float | None = None
    """Validation loss of the averaged weights, if it was evaluated at this step."""
    best: float | None = None
    """Lowest validation loss of this member."""
    best_step: int = 0


class Fitting:
    """A training, step by step; between two steps it can be kept, and gone on with later.

    Nothing is drawn from any state but the seed and the step's number, so that the same settings
    give the same weights bit for bit on the same machine with the same number of threads, whether
    or not the training was interrupted.

    Parameters
    ----------
    spec
        The shape of the inputs.
    levels
        Probabilities of the quantiles, rising.
    design
        Which network.
    settings
        How it is trained.
    train
        What it learns from.
    validation
        What stops it and calibrates it; nothing is learned from it.

    Examples
    --------
    >>> fitting = Fitting(
    ...     spec, levels, Design(), Settings(), train=train, validation=check
    ... )  # doctest: +SKIP
    >>> for progress in fitting.run():  # doctest: +SKIP
    ...     kept = fitting.state()
    >>> forecaster = fitting.forecaster  # doctest: +SKIP
    """

    def __init__(
        self,
        spec: FeatureSpec,
        levels: tuple[float, ...],
        design: Design,
        settings: TrainingSettings,
        *,
        train: TrainingSamples,
        validation: TrainingSamples,
    ) -> None:
        if not len(train) or not len(validation):
            empty = "validation" if len(train) else "training"
            raise ValueError(f"the {empty} part has no origin with enough measured around it")
        self.settings = settings
        self.device = device_of(settings.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.forecaster = ForecasterNetwork(
                spec,
                levels,
                NETWORKS[design.network],
                members=design.members,
                hidden=design.hidden,
                layers=design.layers,
                dropout=design.dropout,
            )
        self.forecaster.eval()
        self._train, self._validation = train, validation
        self._learner: Learner | None = None
        self._stage: Literal["base", "member", "calibration", "done"] = "base"
        self._member = 0
        self._best: list[tuple[int, float]] = []

    @property
    def is_done(self) -> bool:
        """Whether the forecaster is ready."""
        return self._stage == "done"

    @property
    def best(self) -> list[tuple[int, float]]:
        """For each finished member: the step of its weights, and their validation loss."""
        return list(self._best)

    @property
    def parameters(self) -> int:
        """Number of learned parameters, of the members and the base."""
        base = self.forecaster.base
        weights = [*self.forecaster.parameters(), base.common, base.own, base.cross]
        return sum(weight.numel() for weight in weights)

    def run(self) -> Iterator[FitProgress]:
        """Train to the end from the current state; yields the progress after every step."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads)
        try:
            yield from self._stages()
        finally:
            torch.set_num_threads(before)

    def _stages(self) -> Iterator[FitProgress]:
        devices = [self.device] if self.device.type == "cuda" else []
        if self._stage == "base":
            yield self._progress("base")
            self._fit_base()
            self._stage = "member"
        self.forecaster.to(self.device)
        if self._stage == "member":
            with torch.random.fork_rng(devices=devices):
                yield from self._members()
            self._stage = "calibration"
        if self._stage == "calibration":
            yield self._progress("calibration")
            if self.settings.calibrate:
                self._calibrate()
            self._stage = "done"
        self.forecaster.to("cpu")

    def state(self) -> dict[str, Any]:
        """Return a checkpoint of the training: plain numbers, strings and tensors."""
        weights = self.forecaster.state_dict()
        return {
            "stage": self._stage,
            "member": self._member,
            "best": list(self._best),
            "forecaster": {name: value.cpu().clone() for name, value in weights.items()},
            "learner": None if self._learner is None else self._learner.state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Restore a checkpoint of a training with the same settings and samples."""
        self._stage, self._member = state["stage"], state["member"]
        self._best = [(step, loss) for step, loss in state["best"]]
        self.forecaster.load_state_dict(state["forecaster"])
        self._learner = None
        if state["learner"] is not None:
            self.forecaster.to(self.device)
            self._learner = Learner(self.forecaster, self._member, self.settings)
            self._learner.resume(deepcopy(state["learner"]))

    def _fit_base(self) -> None:
        scaling = self._train.batch(self._train.thinned(SCALING_SAMPLES))
        fit_front(self.forecaster, scaling)
        fit_base(
            self.forecaster,
            in_batches(self._train, self.settings.base_samples),
            in_batches(self._validation, self.settings.calibration_samples),
        )

    def _members(self) -> Iterator[FitProgress]:
        chosen = self.settings
        lessons = Lessons(self._train, chosen.seed, chosen.batch, chosen.weather_dropout)
        check = self._lessons(chosen.validation_samples)
        while self._member < len(self.forecaster.members):
            if self._learner is None:
                self._learner = Learner(self.forecaster, self._member, chosen)
            learner = self._learner
            while not learner.is_done:
                batch = lessons.draw(self._member, learner.step)
                loss = learner.learn(prepare(self.forecaster, batch, self.device))
                looked = learner.look(check) if learner.is_to_look else None
                yield self._progress("member", loss, looked)
            learner.settle()
            self._best.append((learner.best_step, learner.best_loss))
            self._member, self._learner = self._member + 1, None

    def _lessons(self, most: int) -> list[Lesson]:
        batches = in_batches(self._validation, most)
        return [prepare(self.forecaster, batch, self.device) for batch in batches]

    @torch.no_grad()
    def _calibrate(self) -> None:
        forecaster = self.forecaster
        batches = [
            (lesson.truth, forecaster.at_knots(mean_of(answers), lesson.references))
            for lesson in self._lessons(self.settings.calibration_samples)
            if (answers := [lesson.answer(member) for member in forecaster.each])
        ]
        truth, quantiles = (torch.cat(parts).cpu() for parts in zip(*batches, strict=True))
        calibrate(forecaster, quantiles, truth)

    def _progress(
        self,
        stage: Literal["base", "member", "calibration"],
        loss: float = float("nan"),
        validation: float | None = None,
    ) -> FitProgress:
        each, learner = self.settings.steps, self._learner
        return FitProgress(
            stage,
            step=self._member * each + (learner.step if learner else 0),
            steps=len(self.forecaster.members) * each,
            member=self._member,
            loss=loss,
            validation=validation,
            best=learner.best_loss if learner and learner.best_step else None,
            best_step=learner.best_step if learner else 0,
        )


def device_of(name: str) -> torch.device:
    """Return the device to train on."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no GPU that torch can use: train on the device cpu, or auto")
    return torch.device(name)

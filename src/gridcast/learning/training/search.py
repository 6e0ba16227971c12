"""Hyperparameter search: many short trainings, with early pruning."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import optuna
from filelock import FileLock, Timeout
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from gridcast.learning.training.config import Config, NetworkConfig, Search, Training, write_config
from gridcast.learning.training.dataset import Source
from gridcast.learning.training.interrupts import Interrupts
from gridcast.learning.training.learn import make_fitting
from gridcast.learning.training.prepare import Prepared, prepare
from gridcast.learning.training.progress import TrainingProgress
from gridcast.models.training.fit import Fitting
from gridcast.stream.errors import UserError

NAME = "gridcast"
_MADE_OF = "made_of"
_FIRST_TRIALS = 4
"""Number of complete trials before pruning begins."""
_FIRST_LOOKS = 2


@dataclass(frozen=True)
class BestTrial:
    """The best trial so far."""

    config: Config
    loss: float
    trial: int
    trials: int
    pruned: int


class Searching:
    """A study. It is kept in a file and can be continued.

    Each trial trains one member, whatever `network.members` is: the best config for one member is
    the best for several, at a fraction of the time. The validation loss decides.
    """

    def __init__(
        self, sources: Sequence[Source], config: Config, study: Path, show: TrainingProgress
    ) -> None:
        self._sources, self._config, self._show, self._path = sources, config, show, study
        self._lock = FileLock(study.with_name(study.name + ".lock"))
        self._study: optuna.Study
        self._data: Prepared

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another process works on the study {self._path}") from None
        except OSError as error:
            raise UserError(f"no study can be kept in {self._path}: {error}") from None
        try:
            self._open()
            self._data = prepare(self._sources, self._config)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def _open(self) -> None:
        """Open the study, or create it."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            self._study = optuna.create_study(
                study_name=NAME,
                storage=f"sqlite:///{self._path}",
                load_if_exists=True,
                direction="minimize",
                pruner=MedianPruner(_FIRST_TRIALS, n_warmup_steps=_FIRST_LOOKS),
            )
        except SQLAlchemyError:
            raise UserError(f"{self._path} is no study of `gridcast tune`") from None
        self._check()
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)  # its process has ended
        # A new seed each time. The same one would draw the same first trials again.
        seed = self._config.training.seed + len(self._study.trials)
        self._study.sampler = TPESampler(seed=seed)

    def _check(self) -> None:
        """Refuse to mix trials of other data or other fixed settings."""
        inputs = [*(source.digest for source in self._sources), write_config(self._config)]
        made_of = hashlib.sha256("".join(inputs).encode()).hexdigest()
        before = self._study.user_attrs.get(_MADE_OF)
        if before is None:
            self._study.set_user_attr(_MADE_OF, made_of)
        elif before != made_of:
            raise UserError(
                f"{self._path} is a study of other data or another config: name another file"
            )

    @property
    def done(self) -> int:
        """Number of trials that were completed or pruned."""
        return len(self._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))

    def run(self, trials: int, tell: Callable[[BestTrial], None]) -> BestTrial:
        """Run trials up to a total number. Calls `tell` with the best one after each."""
        with Interrupts() as interrupts:
            while (number := self.done) < trials:
                trial = self._study.ask()
                try:
                    loss = self._try(trial, f"trial {number + 1} of {trials}", interrupts)
                except optuna.TrialPruned:
                    self._study.tell(trial, state=TrialState.PRUNED)
                except BaseException:
                    self._study.tell(trial, state=TrialState.FAIL)
                    raise
                else:
                    self._study.tell(trial, loss)
                    tell(self.found())
        return self.found()

    def found(self) -> BestTrial:
        """Return the best trial."""
        complete = self._study.get_trials(states=(TrialState.COMPLETE,))
        if not complete:
            raise UserError("no trial was brought to an end yet")
        best = self._study.best_trial
        return BestTrial(
            config=chosen(self._config, optuna.trial.FixedTrial(best.params)),
            loss=float(best.value or 0.0),
            trial=best.number + 1,
            trials=self.done,
            pruned=self.done - len(complete),
        )

    def _try(self, trial: Trial, name: str, interrupts: Interrupts) -> float:
        config = chosen(self._config, trial)
        parameters = ", ".join(f"{key} {_short(value)}" for key, value in trial.params.items())
        self._show.stage(f"{name}: {parameters}")
        alone = config.network.model_copy(update={"members": 1})
        fitting = make_fitting(self._data, config.model_copy(update={"network": alone}))
        return self._fit(fitting, trial, interrupts)

    def _fit(self, fitting: Fitting, trial: Trial, interrupts: Interrupts) -> float:
        looks = 0
        for progress in fitting.run():
            if interrupts.raised:
                raise KeyboardInterrupt
            if progress.stage != "member":
                continue
            self._show.step(progress.step, progress.steps, progress.loss)
            if progress.validation is None or progress.best is None:
                continue
            self._show.looked(
                progress.step, progress.steps, progress.loss, progress.validation, progress.best
            )
            looks += 1
            trial.report(progress.best, looks)
            if trial.should_prune():
                self._show.stage("given up: others were better by then")
                raise optuna.TrialPruned
        return fitting.best[0][1]


def chosen(config: Config, trial: optuna.trial.BaseTrial) -> Config:
    """Return a config with a trial's choices from the search space."""
    space = config.search
    network, training = _network(space, trial), _training(space, trial)
    return config.model_copy(
        update={
            "network": NetworkConfig.model_validate(config.network.model_dump() | network),
            "training": Training.model_validate(config.training.model_dump() | training),
        }
    )


def _network(space: Search, trial: optuna.trial.BaseTrial) -> dict[str, object]:
    choices_of_trial: dict[str, object] = {
        "hidden": trial.suggest_int("hidden", *space.hidden, log=True),
        "layers": trial.suggest_int("layers", *space.layers),
        "dropout": trial.suggest_float("dropout", *space.dropout),
    }
    if space.names:
        choices_of_trial["name"] = trial.suggest_categorical("name", space.names)
    return choices_of_trial


def _training(space: Search, trial: optuna.trial.BaseTrial) -> dict[str, object]:
    suggested: dict[str, object] = {
        "learning_rate": trial.suggest_float("learning_rate", *space.learning_rate, log=True),
        "weight_decay": trial.suggest_float("weight_decay", *space.weight_decay, log=True),
    }
    for key in ("batch", "ema", "weather_dropout"):
        if choices := getattr(space, key):
            suggested[key] = trial.suggest_categorical(key, choices)
    return suggested


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)

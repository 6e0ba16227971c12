"""Run a training step by step: show it, checkpoint it, and stop between steps."""

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridcast.learning.training.config import Config
from gridcast.learning.training.folder import RunFolder
from gridcast.learning.training.interrupts import Interrupts
from gridcast.learning.training.prepare import Prepared
from gridcast.learning.training.progress import TrainingProgress
from gridcast.models.training.checkpoint import from_bytes, to_bytes
from gridcast.models.training.fit import FitProgress, Fitting
from gridcast.models.training.samples import TrainingSamples
from gridcast.models.training.settings import Design, TrainingSettings
from gridcast.stream.errors import UserError

LAST, BEST, LOSSES = "checkpoints/last.pt", "checkpoints/best.pt", "losses.csv"
_COLUMNS = ("step", "member", "train", "validation", "best", "seconds")


@dataclass
class Losses:
    """The losses at each validation."""

    rows: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def read(cls, text: str, until: int) -> "Losses":
        """Read the losses up to a step."""
        rows = [
            {name: float(row[name]) for name in _COLUMNS}
            for row in csv.DictReader(io.StringIO(text))
        ]
        return cls([row for row in rows if row["step"] <= until])

    def write(self) -> str:
        """Return them as CSV."""
        out = io.StringIO()
        writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in self.rows:
            whole = {"step": int(row["step"]), "member": int(row["member"])}
            writer.writerow({**row, **whole, "seconds": f"{row['seconds']:.1f}"})
        return out.getvalue()


class Learning:
    """A training in its folder.

    It is checkpointed at each validation and when interrupted: `last` is where training resumes,
    `best` is the state at the best validation.
    """

    def __init__(self, folder: RunFolder, fitting: Fitting, show: TrainingProgress) -> None:
        self._folder, self._fitting, self._show = folder, fitting, show
        self.losses = Losses()
        self._step = 0
        self._recent: list[float] = []
        self._begun = time.monotonic()

    def resume(self) -> None:
        """Resume from the checkpoint, if there is one."""
        if not self._folder.has(LAST):
            return
        kept = from_bytes(self._folder.read(LAST))
        self._fitting.resume(kept["fitting"])
        self._recent, self._begun = kept["recent"], time.monotonic() - kept["seconds"]
        if self._folder.has(LOSSES):
            self.losses = Losses.read(self._folder.read(LOSSES).decode(), until=kept["step"])

    def run(self) -> None:
        """Train to the end. Raise KeyboardInterrupt when told to stop, after a checkpoint."""
        with Interrupts() as interrupts:
            for progress in self._fitting.run():
                self._note(progress)
                if interrupts.raised:
                    self._keep(LAST)
                    raise KeyboardInterrupt
        self._keep(LAST)

    def _note(self, progress: FitProgress) -> None:
        if progress.stage != "member":
            self._show.stage(_STAGES[progress.stage])
            self._folder.update(stage=_STAGES[progress.stage])
            return
        self._step = progress.step
        self._recent.append(progress.loss)
        self._show.step(progress.step, progress.steps, progress.loss)
        if progress.validation is None or progress.best is None:
            return
        loss, self._recent = float(np.mean(self._recent)), []
        self._show.looked(progress.step, progress.steps, loss, progress.validation, progress.best)
        self.losses.rows.append(
            {
                "step": progress.step,
                "member": progress.member,
                "train": loss,
                "validation": progress.validation,
                "best": progress.best,
                "seconds": time.monotonic() - self._begun,
            }
        )
        self._folder.write(LOSSES, self.losses.write())
        self._keep(LAST)
        if progress.validation <= progress.best:
            self._keep(BEST)
        self._folder.update(
            stage=f"training member {progress.member + 1}",
            step=progress.step,
            steps=progress.steps,
            best_step=progress.best_step,
            best_loss=progress.best,
        )

    def _keep(self, name: str) -> None:
        kept = {
            "fitting": self._fitting.state(),
            "step": self._step,
            "recent": self._recent,
            "seconds": time.monotonic() - self._begun,
        }
        self._folder.write(name, to_bytes(kept))


def make_fitting(data: Prepared, config: Config) -> Fitting:
    """Return a new training."""
    network = config.network
    train, validation = (
        TrainingSamples(
            data.builder,
            [(dataset.archive, getattr(dataset.split, part)) for dataset in data.datasets],
            most=config.split.samples_a_file,
        )
        for part in ("train", "validation")
    )
    try:
        return Fitting(
            data.spec,
            config.evaluation.levels,
            Design(
                network=network.name,
                members=network.members,
                hidden=network.hidden,
                layers=network.layers,
                dropout=network.dropout,
            ),
            TrainingSettings(**config.training.model_dump()),
            train=train,
            validation=validation,
        )
    except ValueError as error:  # too little to learn from, or horizon and lookback do not fit
        raise UserError(str(error)) from error


_STAGES: Mapping[str, str] = {
    "base": "fitting the linear base",
    "calibration": "calibrating the quantiles",
}

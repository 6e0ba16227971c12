"""Networks, trained as `gridcast train` trains them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from accuracy.cases import Case
from accuracy.material import Material
from gridcast.learning.training.config import Config
from gridcast.learning.training.folder import RunFolder, RunState, all_runs
from gridcast.learning.training.progress import show_on
from gridcast.models.network import Network
from gridcast.stream.errors import UserError


@dataclass(frozen=True)
class Champion:
    """A trained network."""

    network: Network
    seconds: float
    """From the first sample to the calibrated weights."""
    file: bytes


def config_for(case: Case, base: Config, seed: int) -> Config:
    """Fit a config to a case; what is not a case's business stays as it is."""
    features = base.features.model_copy(
        update={
            "step_minutes": case.step_minutes,
            "horizon_hours": case.horizon_hours,
            "operator": case.operator,
        }
    )
    return base.model_copy(
        update={
            "features": features,
            "training": base.training.model_copy(update={"seed": seed}),
            # The bench fits its own baselines, once for all seeds.
            "evaluation": base.evaluation.model_copy(
                update={"baselines": (), "effect_of_lam": False, "most_samples": 200}
            ),
        }
    )


def shortened(config: Config, steps: int) -> Config:
    """Make a training short: one member, few steps, few samples for all that is fitted at once."""
    network = config.network.model_copy(update={"members": 1})
    fewer = {"base_samples": 5_000, "validation_samples": 500, "calibration_samples": 1_000}
    shorter = {"steps": steps, "check_every": steps // 2, **fewer}
    training = config.training.model_copy(update=shorter)
    return config.model_copy(update={"network": network, "training": training})


def train(material: Material, config: Config, runs: Path) -> Champion:
    """Train a network, or go on with the training that was interrupted in `runs`, or is done."""
    from gridcast.learning.training import run  # noqa: PLC0415 - it imports torch

    folder = _last(runs)
    with show_on(Console(stderr=True)) as show:
        if folder is None:
            name = material.case.name.replace("_", "-")
            folder = run.begin(config, runs, name)
            run.train(folder, material.files, material.mappings, name, show)
        elif folder.status.state is not RunState.DONE:
            run.resume(folder, show)
    file = folder.read(run.MODEL_FILE)
    rows = list(csv.DictReader(io.StringIO(folder.read("losses.csv").decode())))
    return Champion(Network.load(file), float(rows[-1]["seconds"]), file)


def _last(runs: Path) -> RunFolder | None:
    found: Sequence[RunFolder] = list(all_runs(runs))
    usable = [one for one in found if one.status.state is RunState.DONE or one.has("data.json")]
    return usable[-1] if usable else None


def missing_extra() -> str | None:
    """Say what networks need and is not installed."""
    from gridcast.cli.train import require_extra  # noqa: PLC0415

    try:
        require_extra()
    except UserError as error:
        return str(error)
    return None

"""What can be chosen about a training."""

from dataclasses import dataclass

from gridcast.models.training.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Design:
    """Which network."""

    network: str = "lstm"
    """Its name in `NETWORKS`."""
    members: int = 3
    """Networks whose quantiles are averaged, each of its own seed."""
    hidden: int = 64
    layers: int = 1
    dropout: float = 0.2


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How it is trained."""

    seed: int = 1
    threads: int = 1
    """Of the CPU; more than 1 may change the last bits of a result."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: on a GPU if there is one."""
    steps: int = 1_500
    """Of the optimiser, at most, for each member."""
    batch: int = 256
    learning_rate: float = 3e-3
    schedule: Schedule = "cosine"
    warmup: float = 0.15
    """Share of the steps in which the rate rises."""
    weight_decay: float = 1e-2
    ema: float = 0.99
    """How much of the averaged weights stays at each step; 0: no averaging."""
    check_every: int = 50
    """Steps from one look at the validation part to the next."""
    patience: int = 5
    """Looks without a better loss after which a member has learned enough, and goes back to its
    best weights; 0: it learns all steps, and what it knows at the end is taken."""
    weather_dropout: float = 0.15
    """Share of the samples trained without weather, and without the operator's forecast."""
    base_samples: int = 20_000
    """Samples that the base is fitted on, at most, spread evenly over the training part."""
    validation_samples: int = 2_000
    """Samples of the validation part looked at, at most."""
    calibration_samples: int = 4_000
    """Samples of the validation part that the quantiles are calibrated on, at most."""
    calibrate: bool = True

"""Settings of a training."""

from dataclasses import dataclass

from gridcast.models.training.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Design:
    """Which network is trained."""

    network: str = "lstm"
    """Its name in `NETWORKS`."""
    members: int = 3
    """Networks in the ensemble; their quantiles are averaged. Each has its own seed."""
    hidden: int = 64
    layers: int = 1
    dropout: float = 0.2


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Hyperparameters of the training."""

    seed: int = 1
    threads: int = 1
    """CPU threads; more than 1 may change the last bits of a result."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: on a GPU if there is one."""
    steps: int = 1_500
    """Maximum number of optimiser steps for each member."""
    batch: int = 256
    learning_rate: float = 3e-3
    schedule: Schedule = "cosine"
    warmup: float = 0.15
    """Share of the steps over which the learning rate rises."""
    weight_decay: float = 1e-2
    ema: float = 0.99
    """Decay of the weights' exponential moving average; 0: no averaging."""
    check_every: int = 50
    """Steps between validations."""
    patience: int = 5
    """Early stopping: a member stops after this many validations without improvement and returns
    to its best weights. 0: no early stopping, the final weights are taken."""
    weather_dropout: float = 0.15
    """Share of the samples trained without weather, and without the operator's forecast."""
    base_samples: int = 20_000
    """Maximum number of samples to fit the base on, spread evenly over the training part."""
    validation_samples: int = 2_000
    """Maximum number of samples for validation."""
    calibration_samples: int = 4_000
    """Maximum number of samples of the validation part for conformal calibration."""
    calibrate: bool = True

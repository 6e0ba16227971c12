"""Trainings of a second: tiny archives of sines and noise, tiny networks."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from gridcast.units import HOUR_MS

pytest.importorskip("torch", reason="needs gridcast[train]")

import torch
from support.contracts import LEVELS, contract_of

from gridcast.models.archive import Archive
from gridcast.models.evaluation.splits import hold_out
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.training.export import export, plain_graph
from gridcast.models.training.fit import Fitting
from gridcast.models.training.networks import NETWORKS, ForecasterNetwork
from gridcast.models.training.samples import TrainingSamples
from gridcast.models.training.settings import Design, TrainingSettings
from gridcast.models.weather import Weather
from gridcast.schemas import GridSeries, WeatherObservation
from gridcast.schemas.series import SeriesKind

torch.set_num_threads(1)

START_MS = 1_704_067_200_000
SIZES = (0.4, 900.0, 8e7)
"""kW: a household, a feeder, a country."""

UNIVARIATE = FeatureSpec(lookback_hours=48, horizon_hours=5, holidays=False, day_of_year=False)
MANY = FeatureSpec(
    step_minutes=30,
    lookback_hours=48,
    recent=3,
    horizon_hours=5,
    weather=("temperature_c",),
    weather_ahead=("temperature_c",),
    operator=True,
    static=("is_zone", "capacity_kw"),
)
"""Many series, with all that can be known beside their loads."""


def archive_of(
    sizes: tuple[float, ...],
    step_minutes: int = 60,
    days: int = 40,
    *,
    weather: bool = False,
    operator: bool = False,
) -> Archive:
    """Make series of some sizes, kW, whose day has a course and whose error has a memory."""
    random = np.random.default_rng(3)
    slots = days * 24 * 60 // step_minutes
    time = np.arange(slots) * step_minutes / 60
    warm = np.cumsum(random.normal(size=slots)) * 0.05
    shape = 1 + 0.3 * np.sin(time / 24 * 2 * np.pi) + 0.1 * np.sin(time / 168 * 2 * np.pi)
    noise = random.normal(scale=0.03, size=(slots, len(sizes)))
    mean = (shape + 0.1 * np.tanh(warm))[:, None] * (1 + noise) * np.array(sizes)
    series = tuple(
        GridSeries(
            series=f"s{row}",
            kind=SeriesKind.ZONE if row else SeriesKind.METER,
            station="w" if weather else None,
            holidays="DE",
            capacity_kw=2 * size,
        )
        for row, size in enumerate(sizes)
    )
    said = None
    if weather:
        said = Weather(step_minutes * 60_000, 8 * 24 * HOUR_MS)
        for slot in range(0, slots, 60 // step_minutes):
            time_ms = START_MS + slot * step_minutes * 60_000
            said.observe(_observation(time_ms, float(10 + 5 * np.tanh(warm[slot]))))
    archive = Archive.of(START_MS, step_minutes, series, mean, said)
    if operator:
        forecast = (mean * (1 + random.normal(scale=0.02, size=mean.shape))).astype(np.float32)
        known = np.zeros(mean.shape, np.int64)
        archive = Archive(
            START_MS, step_minutes, series, archive.mean, archive.mark, said, forecast, known
        )
    return archive


def _observation(time_ms: int, degrees: float) -> WeatherObservation:
    time = datetime.fromtimestamp(time_ms / 1000, UTC)
    return WeatherObservation(
        station="w", time=time, available_at=time, temperature_c=round(degrees, 3)
    )


def samples_of(spec: FeatureSpec, archive: Archive) -> tuple[TrainingSamples, TrainingSamples]:
    """Give the training and the validation part."""
    split, builder = hold_out(len(archive)), FeatureBuilder(spec)
    train, validation = split.train, split.validation
    return TrainingSamples(builder, [(archive, train)]), TrainingSamples(
        builder, [(archive, validation)]
    )


def archive_for(spec: FeatureSpec) -> Archive:
    """Make an archive that has all a spec asks for."""
    if spec is MANY:
        return archive_of(SIZES, 30, 30, weather=True, operator=True)
    return archive_of((8e7,))


def fitting_of(
    spec: FeatureSpec, network: str = "lstm", members: int = 1, **settings: object
) -> Fitting:
    """Set up a training of seconds."""
    chosen = {"steps": 6, "batch": 16, "check_every": 3, "validation_samples": 64, **settings}
    train, validation = samples_of(spec, archive_for(spec))
    return Fitting(
        spec,
        LEVELS,
        Design(network, members, hidden=6),
        TrainingSettings(base_samples=600, calibration_samples=200, **chosen),  # type: ignore[arg-type]
        train=train,
        validation=validation,
    )


@cache
def untrained(spec: FeatureSpec) -> bytes:
    """Write a model file of a network that is to learn yet: it answers, and keeps what it reads."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        forecaster = ForecasterNetwork(spec, LEVELS, NETWORKS["lstm"], hidden=6)
    return export(forecaster.eval(), contract_of(spec))


@cache
def trained(spec: FeatureSpec, network: str, members: int = 1) -> Fitting:
    """Train each network once."""
    fitting = fitting_of(spec, network, members)
    with torch.enable_grad():  # whatever the test that asks first
        for _ in fitting.run():
            pass
    return fitting


@cache
def graph_of(spec: FeatureSpec, network: str, members: int = 1) -> bytes:
    """Write each graph once: it takes torch some seconds."""
    return plain_graph(trained(spec, network, members).forecaster)

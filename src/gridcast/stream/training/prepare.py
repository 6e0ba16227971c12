"""From files that were read to all that a training begins with."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.models.training.fit import Fitting
from gridcast.models.training.samples import Samples
from gridcast.models.training.settings import Design, Settings
from gridcast.stream.errors import UserError
from gridcast.stream.training.config import Config
from gridcast.stream.training.dataset import (
    Dataset,
    Source,
    features_of,
    make_dataset,
    step_of,
)


@dataclass(frozen=True)
class Prepared:
    """Data by slot, and what a network is shown of them."""

    datasets: tuple[Dataset, ...]
    spec: FeatureSpec
    builder: FeatureBuilder


def prepare(sources: Sequence[Source], config: Config) -> Prepared:
    """Lay the files out by slot, at one step."""
    step = step_of(sources, config)
    datasets = tuple(make_dataset(source, step, config) for source in sources)
    spec = features_of(config, sources, datasets)
    return Prepared(datasets, spec, FeatureBuilder(spec))


def make_fitting(data: Prepared, config: Config) -> Fitting:
    """Begin a training."""
    network = config.network
    train, validation = (
        Samples(data.builder, [(one.archive, getattr(one.split, part)) for one in data.datasets])
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
            Settings(**config.training.model_dump()),
            train=train,
            validation=validation,
        )
    except ValueError as error:  # too little to learn from, or horizon and lookback do not fit
        raise UserError(str(error)) from error

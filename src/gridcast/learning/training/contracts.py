"""What the contract of a trained network says of how it was made."""

from gridcast.learning.training.config import Config
from gridcast.learning.training.provenance import Provenance
from gridcast.models.contract import Contract, TrainedOn
from gridcast.models.features import FeatureSpec


def contract_of(
    config: Config,
    spec: FeatureSpec,
    said: Provenance,
    *,
    model: str,
    run: str,
    trained_on: tuple[TrainedOn, ...],
) -> Contract:
    """Say what it was made of, and what it is to be given."""
    network = config.network
    return Contract(
        model=model,
        run=run,
        network=f"{network.name}, members: {network.members}, hidden: {network.hidden}",
        features=spec,
        past=spec.past,
        future=spec.future,
        static=spec.static,
        levels=config.evaluation.levels,
        longest_gap=spec.longest_gap,
        trained_on=trained_on,
        commit=said.commit + ("-dirty" if said.dirty else ""),
        lock_digest=said.lock_digest,
    )

"""The part of a trained network's contract that describes its training."""

from gridcast.learning.training.config import Config
from gridcast.learning.training.provenance import Provenance
from gridcast.models.contract import Contract, TrainedOn
from gridcast.models.features import FeatureSpec


def contract_of(
    config: Config,
    spec: FeatureSpec,
    provenance: Provenance,
    *,
    model: str,
    run: str,
    trained_on: tuple[TrainedOn, ...],
) -> Contract:
    """Return the contract: what the network was trained on, and the inputs it needs."""
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
        commit=provenance.commit + ("-dirty" if provenance.dirty else ""),
        lock_digest=provenance.lock_digest,
    )

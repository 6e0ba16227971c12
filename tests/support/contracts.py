"""What a model file says of itself, for networks made in tests."""

from typing import Any

from gridcast.models.contract import Contract, Split, TrainedOn
from gridcast.models.features import FeatureSpec

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
SPAN = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")
DATA = TrainedOn.model_validate(
    {
        "title": "Sines",
        "source": "made in the test",
        "licence": "Apache-2.0",
        "digest": "0" * 64,
        "series": 1,
        "first": SPAN[0],
        "last": SPAN[1],
        "split": Split.model_validate({"train": SPAN, "validation": SPAN, "test": SPAN}),
    }
)


def contract_of(features: FeatureSpec, **changes: Any) -> Contract:
    """Give the contract of a network of these features."""
    values: dict[str, Any] = {
        "model": "small",
        "run": "run-1",
        "network": "lstm x 1",
        "features": features,
        "past": features.past,
        "future": features.future,
        "static": features.static,
        "levels": LEVELS,
        "longest_gap": features.longest_gap,
        "trained_on": (DATA,),
        "commit": "0" * 40,
        "lock_digest": "0" * 64,
    }
    return Contract.model_validate(values | changes)

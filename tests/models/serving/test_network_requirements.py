"""A file that a deployment cannot use says why, and never raises anything else."""

import dataclasses

import pytest
from support.releases import HOURLY, model_file

from gridcast.models.serving.selection import NetworkRequirements, UnfitError
from gridcast.schemas import Unfit

NEEDS = NetworkRequirements(60, 24, (0.05, 0.5, 0.95))


def test_a_network_that_can_give_more_than_is_needed_is_fit() -> None:
    network = dataclasses.replace(NEEDS, horizon=6).network(model_file())
    assert (network.levels, network.horizon) == (NEEDS.levels, 6)


@pytest.mark.parametrize(
    ("data", "because", "detail"),
    [
        (model_file()[:-100], Unfit.DAMAGED, "cut short"),
        (b"", Unfit.DAMAGED, "empty"),
        (model_file(features=dataclasses.replace(HOURLY, step_minutes=30)), Unfit.CONTRACT, "step"),
        (model_file(features=dataclasses.replace(HOURLY, horizon_hours=6)), Unfit.CONTRACT, "6 sl"),
        (model_file(features=dataclasses.replace(HOURLY, operator=True)), Unfit.CONTRACT, "operat"),
        (model_file(spread=float("nan")), Unfit.PROBE, "not numbers"),
        (model_file(spread=-1), Unfit.PROBE, "fall"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, because: Unfit, detail: str) -> None:
    with pytest.raises(UnfitError, match=detail) as caught:
        NEEDS.network(data)
    assert caught.value.because is because


def test_levels_that_it_lacks_are_named() -> None:
    with pytest.raises(UnfitError, match="its levels are"):
        dataclasses.replace(NEEDS, levels=(0.1, 0.5)).network(model_file())

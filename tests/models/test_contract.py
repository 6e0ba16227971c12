"""What a model file says of itself is read strictly."""

import pytest
from support.contracts import contract_of

from gridcast.models.contract import Contract, ContractError
from gridcast.models.features import FeatureSpec

FEATURES = FeatureSpec(step_minutes=30, weather=("temperature_c",), operator=True)
WRITTEN = contract_of(FEATURES).to_bytes()


def refusal(data: bytes) -> str:
    with pytest.raises(ContractError) as caught:
        Contract.from_bytes(data)
    return str(caught.value)


def test_a_contract_reads_back_as_it_was_and_writes_the_same_bytes() -> None:
    contract = contract_of(FEATURES, scores={"b": {"y": 2.0, "x": 1.0}, "a": {"mape": 0.02}})
    again = Contract.from_bytes(contract.to_bytes())
    assert again == contract
    other = contract_of(FEATURES, scores={"a": {"mape": 0.02}, "b": {"x": 1.0, "y": 2.0}})
    assert other.to_bytes() == contract.to_bytes() == again.to_bytes()


def test_another_version_is_named() -> None:
    later = WRITTEN.replace(b'"version":1', b'"version":2')
    assert refusal(later) == "contract version 2; this gridcast reads 1"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"monday"', b'"lunes"', "past features are"),
        (b'["temperature_c"]', b'["snow_cm"]', "weather: no such feature: snow_cm"),
        (b'"lam":', b'"lambda":', "features.lambda: Unexpected keyword argument"),
        (b'"longest_gap":2', b'"longest_gap":9', "longest_gap is 9, not 2"),
        (b'"levels":[0.05,0.25', b'"levels":[0.25,0.05', "levels do not rise"),
        (b'"step_minutes":30', b'"step_minutes":7', "features.step_minutes"),
        (b'"model":"small",', b"", "model: Field required"),
        (b"}", b"", "Invalid JSON"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_named(old: bytes, new: bytes, told: str) -> None:
    altered = WRITTEN.replace(old, new, 1)
    assert altered != WRITTEN
    assert told in refusal(altered)

"""A model file is checked whole, and gives a row the same bits in whatever company."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("onnx", reason="needs gridcast[train]")

from onnxruntime.quantization import quantize_dynamic
from support.contracts import LEVELS, contract_of
from support.networks import lstm_graph

from gridcast.models.contract import Contract, ContractError, DamagedError, ProbeError
from gridcast.models.features import FeatureBuilder, FeatureSpec, Inputs
from gridcast.models.network import PART, Network
from gridcast.models.seal import seal
from gridcast.schemas import GridSeries

FEATURES = FeatureSpec(weather=("temperature_c",), static=("capacity_kw",), holidays=False)
SEALED = seal(lstm_graph(FEATURES), contract_of(FEATURES))


def inputs_of(features: FeatureSpec, pairs: int, seed: int = 0) -> Inputs:
    rng = np.random.default_rng(seed)
    mean = 10 ** rng.uniform(-2, 6, pairs) * (1 + 0.3 * rng.normal(size=(features.window, pairs)))
    mark = np.full(mean.shape, 255, np.uint8)
    series = [GridSeries(series="m", can_be_negative=True)] * pairs
    return FeatureBuilder(features).build((mean.astype(np.float32), mark), 0, series)[0]


def refusal(data: bytes, **asked: Any) -> str:
    with pytest.raises(ContractError) as caught:
        Network.load(data, **asked)
    return str(caught.value)


def test_a_sealed_network_answers_for_every_pair_and_level() -> None:
    network = Network.load(SEALED, step_minutes=60, horizon=24, levels=LEVELS)
    quantiles = network.forecast(inputs_of(FEATURES, 3))
    assert quantiles.shape == (3, len(LEVELS), 24)
    assert quantiles.dtype == np.float32
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert network.contract == contract_of(FEATURES)
    assert network.forecast(inputs_of(FEATURES, 0)).shape == (0, len(LEVELS), 24)


def test_a_network_that_can_give_more_gives_what_is_asked_for_in_its_order() -> None:
    whole = Network.load(SEALED)
    some = Network.load(SEALED, horizon=6, levels=(0.5, 0.95))
    assert (whole.levels, whole.horizon) == (LEVELS, 24)
    assert (some.levels, some.horizon) == ((0.5, 0.95), 6)
    inputs = inputs_of(FEATURES, 5)
    told = whole.forecast(inputs)[:, [2, 4], :6]
    assert some.forecast(inputs).tobytes() == np.ascontiguousarray(told).tobytes()


def test_warming_up_changes_nothing() -> None:
    network = Network.load(SEALED)
    inputs = inputs_of(FEATURES, 3)
    before = network.forecast(inputs)
    network.warm_up()
    assert network.forecast(inputs).tobytes() == before.tobytes()


def test_a_refusal_tells_a_damaged_file_from_a_contract_and_from_a_bad_answer() -> None:
    cases = [
        (SEALED[:-9], DamagedError),
        (b"no model", DamagedError),
        (lstm_graph(FEATURES), ContractError),
        (seal(lstm_graph(FEATURES, spread=float("nan")), contract_of(FEATURES)), ProbeError),
    ]
    for data, kind in cases:
        with pytest.raises(ContractError) as caught:
            Network.load(data)
        assert type(caught.value) is kind


def test_the_same_graph_and_contract_are_the_same_bytes() -> None:
    assert seal(lstm_graph(FEATURES), contract_of(FEATURES)) == SEALED
    with pytest.raises(ValueError, match="sealed already"):
        seal(SEALED, contract_of(FEATURES))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
@settings(deadline=None, max_examples=200)
def test_one_altered_byte_anywhere_is_found(place: int, change: int) -> None:
    altered = bytearray(SEALED)
    altered[place] ^= change
    assert refusal(bytes(altered))


def test_a_name_that_is_no_text_any_more_is_found() -> None:
    altered = bytearray(SEALED)
    altered[SEALED.rindex(b"gridcast.digest")] ^= 128
    assert refusal(bytes(altered)) == "what the file says of itself is not UTF-8"


@given(st.integers(0, len(SEALED) - 1))
@settings(deadline=None, max_examples=100)
def test_a_file_cut_short_anywhere_is_refused(length: int) -> None:
    assert refusal(SEALED[:length])


def test_an_altered_contract_is_told_by_the_digest() -> None:
    altered = SEALED.replace(b'"step_minutes":60', b'"step_minutes":30')
    assert altered != SEALED
    assert refusal(altered) == "the file was altered or cut short: its digest differs"


def test_what_is_no_onnx_file_is_refused() -> None:
    assert refusal(b"PK\x03\x04 something else") == "not an ONNX model, or one cut short"


def test_a_graph_without_a_contract_is_refused() -> None:
    assert refusal(lstm_graph(FEATURES)) == "the file carries no contract"


def test_a_contract_without_a_digest_is_refused() -> None:
    whole = SEALED[: SEALED.rindex(b"gridcast.digest") - 4]
    assert "gridcast.contract" in whole.decode("latin-1")
    assert refusal(whole) == "the file carries no digest"


def test_a_contract_of_a_later_version_is_refused() -> None:
    class Later(Contract):
        def to_bytes(self) -> bytes:
            return super().to_bytes().replace(b'"version":1', b'"version":2')

    later = Later.model_construct(**dict(contract_of(FEATURES)))
    assert refusal(seal(lstm_graph(FEATURES), later)) == (
        "contract version 2; this gridcast reads 1"
    )


def test_features_that_the_builder_does_not_know_are_refused() -> None:
    class Stranger(Contract):
        def to_bytes(self) -> bytes:
            said = json.loads(super().to_bytes())
            said["features"]["weather"] = ["snow_cm"]
            return json.dumps(said).encode()

    stranger = Stranger.model_construct(**dict(contract_of(FEATURES)))
    assert "no such feature: snow_cm" in refusal(seal(lstm_graph(FEATURES), stranger))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"step_minutes": 30}, "its step is 60 min, 30 min are asked for"),
        ({"horizon": 48}, "its horizon is 24 slots, 48 are asked for"),
        (
            {"levels": (0.1, 0.5)},
            "its levels are 0.05, 0.25, 0.5, 0.75, 0.95, 0.1, 0.5 are asked for",
        ),
    ],
)
def test_a_network_of_another_step_horizon_or_levels_than_asked_is_refused(
    asked: dict[str, Any], told: str
) -> None:
    assert refusal(SEALED, **asked) == told


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        ({"rename": {"past": "history"}}, "the graph's inputs are"),
        ({"rename": {"quantiles": "output"}}, "the graph's outputs are output"),
        ({"levels": 3}, "quantiles is [3, 24] in the graph, [5, 24] by its contract"),
        ({"batch": 1}, "load takes 1 pairs at once"),
        ({"spread": float("nan")}, "on a probe the network gives quantiles that are not numbers"),
        ({"spread": -0.1}, "on a probe the network gives quantiles that fall"),
    ],
)
def test_a_graph_that_does_not_keep_its_contract_is_refused(
    graph: dict[str, Any], told: str
) -> None:
    assert told in refusal(seal(lstm_graph(FEATURES, **graph), contract_of(FEATURES)))


def test_a_graph_with_other_features_than_its_contract_says_is_refused() -> None:
    fewer = dataclasses.replace(FEATURES, weather=())
    told = refusal(seal(lstm_graph(fewer), contract_of(FEATURES)))
    assert told == "past is [168, 14] in the graph, [168, 15] by its contract"
    none = dataclasses.replace(FEATURES, static=())
    assert "inputs" in refusal(seal(lstm_graph(none), contract_of(FEATURES)))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 5, 8, 17, 64, 300]))
@settings(deadline=None, max_examples=20)
def test_a_pair_gets_the_same_bits_in_whatever_company(seed: int, size: int) -> None:
    features = FeatureSpec()
    network = Network.load(seal(lstm_graph(features, hidden=64), contract_of(features)))
    inputs = inputs_of(features, 300)
    together = network.forecast(inputs)
    rows = np.random.default_rng(seed).permutation(300)[:size]
    assert network.forecast(inputs.take(rows)).tobytes() == together[rows].tobytes()


def test_two_threads_give_the_bits_of_one() -> None:
    features = FeatureSpec()
    sealed = seal(lstm_graph(features, hidden=64), contract_of(features))
    inputs = inputs_of(features, 300)
    two = Network.load(sealed, threads=2).forecast(inputs)
    assert two.tobytes() == Network.load(sealed).forecast(inputs).tobytes()


def test_more_pairs_than_are_run_at_once_are_run_in_parts() -> None:
    features = FeatureSpec(lookback_hours=24)
    network = Network.load(seal(lstm_graph(features), contract_of(features)))
    inputs = inputs_of(features, 2 * PART + 3)
    whole = network.forecast(inputs)
    network.part = 100
    assert network.forecast(inputs).tobytes() == whole.tobytes()


def test_a_graph_whose_rows_lean_on_each_other_is_run_row_by_row(tmp_path: Path) -> None:
    features = FeatureSpec(lookback_hours=24)
    graph, small = tmp_path / "graph.onnx", tmp_path / "int8.onnx"
    graph.write_bytes(lstm_graph(features, hidden=16))
    quantize_dynamic(graph, small)  # takes the scale of what it multiplies from the whole batch
    network = Network.load(seal(small.read_bytes(), contract_of(features)))
    assert network.part == 1
    inputs = inputs_of(features, 5)
    alone = network.forecast(inputs.take(slice(3, 4)))
    assert network.forecast(inputs)[3:4].tobytes() == alone.tobytes()

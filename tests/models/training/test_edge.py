"""Weights of 8 bits."""

import numpy as np
import pytest
from support.contracts import contract_of
from support.training import UNIVARIATE, graph_of, trained

onnx = pytest.importorskip("onnx", reason="needs gridcast[train]")

from gridcast.models.network import Network  # noqa: E402
from gridcast.models.seal import seal  # noqa: E402
from gridcast.models.training.edge import quantised  # noqa: E402


def test_weights_of_8_bits_say_nearly_the_same() -> None:
    graph = graph_of(UNIVARIATE, "lstm")
    small = quantised(graph)
    contract = contract_of(UNIVARIATE)
    whole, edge = (Network.load(seal(one, contract)) for one in (graph, small))
    inputs = trained(UNIVARIATE, "lstm")._validation.batch(np.arange(40)).inputs
    said, told = whole.forecast(inputs), edge.forecast(inputs)
    width = (said[:, -1] - said[:, 0])[:, None]
    off = np.abs(said - told) / width
    assert 0 < off.mean() < 0.02


def test_the_members_are_made_smaller_and_the_base_is_not() -> None:
    model = onnx.load_from_string(quantised(graph_of(UNIVARIATE, "lstm")))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("DynamicQuantizeLSTM") == 2
    assert "LSTM" not in kinds
    types = {one.name: one.data_type for one in model.graph.initializer}
    base = [kind for name, kind in types.items() if name.startswith("base.")]
    assert base
    assert set(base) == {onnx.TensorProto.FLOAT}
    weights = [one for one in model.graph.initializer if ".W0" in one.name and len(one.dims) == 3]
    assert {one.data_type for one in weights} == {onnx.TensorProto.INT8}
    assert not model.metadata_props


def test_a_gru_keeps_its_weights_whole() -> None:
    model = onnx.load_from_string(quantised(graph_of(UNIVARIATE, "gru")))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("GRU") == 2
    assert "MatMulInteger" in kinds

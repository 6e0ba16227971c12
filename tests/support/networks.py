"""Small ONNX graphs: a real network in all but its size and its training."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from onnx import TensorProto, helper, numpy_helper
from support.contracts import LEVELS

from gridcast.models.features import FeatureSpec


def lstm_graph(
    features: FeatureSpec,
    *,
    hidden: int = 8,
    levels: int = len(LEVELS),
    rename: dict[str, str] | None = None,
    batch: int | str = "pairs",
    spread: float = 0.1,
    seed: int = 0,
) -> bytes:
    """Make a graph: an LSTM over the scaled hours, a quantile head, back to kW."""
    rng = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}
    nodes: list[Any] = []

    def constant(name: str, value: Any) -> str:
        weights[name] = np.asarray(value)
        return name

    def random(name: str, *shape: int) -> str:
        return constant(name, (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32))

    def node(kind: str, inputs: list[str], output: str, **more: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **more))
        return output

    steps, slots, horizon = features.steps, features.slots, features.horizon
    width = 1 + len(features.past)
    node("Abs", ["load"], "size")
    node("ReduceMean", ["size", constant("one", np.array([1]))], "mean")
    scale = node("Max", ["mean", constant("least", np.float32(1e-4))], "scale")
    node("Div", ["load", scale], "scaled")
    shape = constant("hours", np.array([-1, steps, slots // steps]))
    node("Reshape", ["scaled", shape], "by_hour")
    node("ReduceMean", ["by_hour", constant("two", np.array([2]))], "hourly")
    node("IsNaN", ["past"], "unknown")
    node("Where", ["unknown", constant("zero", np.float32(0)), "past"], "known")
    node("Concat", ["hourly", "known"], "seen", axis=2)
    node("Transpose", ["seen"], "in_time", perm=[1, 0, 2])
    names = [
        random("w", 1, 4 * hidden, width),
        random("r", 1, 4 * hidden, hidden),
        random("b", 1, 8 * hidden),
    ]
    nodes.append(helper.make_node("LSTM", ["in_time", *names], ["", "last"], hidden_size=hidden))
    node("Squeeze", ["last", constant("axis", np.array([0]))], "state")
    node("MatMul", ["state", random("head", hidden, horizon)], "centre")
    node("Unsqueeze", ["centre", "one"], "centres")
    rising = spread * np.arange(levels, dtype=np.float32)
    node("Add", ["centres", constant("rising", rising[None, :, None])], "residual")
    node("Unsqueeze", [scale, "two"], "scales")
    node("Mul", ["residual", "scales"], "quantiles")
    shapes = {
        "load": [batch, slots],
        "past": [batch, steps, len(features.past)],
        "future": [batch, horizon, len(features.future)],
    }
    if features.static:
        shapes["static"] = [batch, len(features.static)]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()],
        [helper.make_tensor_value_info("quantiles", TensorProto.FLOAT, [batch, levels, horizon])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    for value in [*graph.input, *graph.output]:
        value.name = (rename or {}).get(value.name, value.name)
    for one in graph.node:
        for part in (one.input, one.output):
            part[:] = [(rename or {}).get(name, name) for name in part]
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return bytes(model.SerializeToString())

"""int8 weight quantisation of a model file, for small machines."""

import io
from collections.abc import Iterator
from typing import Any, cast

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

_WHOLE = ("base.", "between")
"""Prefixes of the weights that are not quantised: every forecast rests on the base."""
_PREPARED = {"onnx.quant.pre_process": "onnxruntime.quant"}
"""Says that shapes are known and constants folded, as torch's exporter leaves them."""


def quantised(graph: bytes) -> bytes:
    """Return the graph with the members' weights quantised to int8, with one scale per row.

    Activations are quantised dynamically, with scales taken over the whole batch. A sample's result
    thus depends on the samples beside it. `Network.load` detects this and runs the graph sample by
    sample. onnxruntime has no int8 operator for a GRU, whose weights stay as they are.

    Parameters
    ----------
    graph
        As `write_graph` returns it, not sealed.
    """
    model = onnx.load_from_string(graph)
    chosen = list(_of_members(model))
    onnx.helper.set_model_props(model, _PREPARED)
    model.graph.ClearField("value_info")  # shapes are inferred anew: some weights are transposed
    whole = io.BytesIO()
    quantize_dynamic(
        model,
        cast("Any", whole),  # onnx writes to an open file as well as to a path
        nodes_to_quantize=chosen,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    result = onnx.load_from_string(whole.getvalue())
    result.ClearField("metadata_props")
    return bytes(result.SerializeToString(deterministic=True))


def _of_members(model: onnx.ModelProto) -> Iterator[str]:
    """Return the names of the nodes that multiply by a member's weights."""
    matrices = {weight.name for weight in model.graph.initializer if len(weight.dims) == 2}
    products = {name for name in matrices if not name.startswith(_WHOLE)}
    for node in model.graph.node:
        if node.op_type == "LSTM" or (
            node.op_type in {"Gemm", "MatMul"} and node.input[1] in products
        ):
            yield node.name

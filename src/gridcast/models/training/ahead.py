"""The forecast graph with an encoder cache as an optional input.

Encoding the past hours is most of a network's work, and all hours but the newest are known before
the last slot closes. The graph therefore has an extra input, `memory`: the encoder states over
those hours. If it has no rows, the graph encodes the hours itself. It returns the states as the
output `encoded`, which a later call can pass back as `memory`; the forecast is the same to the
bit. If `future` has no rows, the graph only encodes and makes no forecast.
"""

import onnx
import torch
from onnx import TensorProto, compose, helper
from torch import Tensor, nn

from gridcast.models.network import ENCODED, MEMORY, QUANTILES
from gridcast.models.training.networks import ForecasterNetwork
from gridcast.models.training.networks.recurrent import State

_EARLY, _LATE = "early.", "late."
"""Name prefixes of the encoder's and the decoder's nodes."""


class Early(nn.Module):
    """The encoder part: from windows to the states over all hours but the newest."""

    def __init__(self, forecaster: ForecasterNetwork) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(self, load: Tensor, past: Tensor) -> Tensor:
        """Return the states of all members, one after the other: [n, …]."""
        _, hours = self.forecaster.front.window(load, past)
        states = [member.encode(hours[:, :-1]) for member in self.forecaster.each]
        return torch.cat([part.flatten(1) for state in states for part in state], 1)


class Late(nn.Module):
    """The decoder part: from the cached encoder states to quantiles."""

    def __init__(self, forecaster: ForecasterNetwork) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(
        self,
        load: Tensor,
        past: Tensor,
        future: Tensor,
        memory: Tensor,
        static: Tensor | None = None,
    ) -> Tensor:
        """Encode the newest hour and return the forecast."""
        forecaster = self.forecaster
        scaled = forecaster.front(load, past, future, static, forecaster.front.scale(load))
        newest = scaled.hours[:, -1:]
        states = [
            member.encode(newest, state)
            for member, state in zip(forecaster.each, self._states(memory), strict=True)
        ]
        return forecaster.finish(scaled, states)

    def _states(self, memory: Tensor) -> list[State]:
        members = self.forecaster.each
        parts, layers = members[0].parts, members[0].layers
        every = memory.reshape(memory.shape[0], len(members), parts, layers, -1)
        return [tuple(every[:, at, part] for part in range(parts)) for at in range(len(members))]


def can_be_told(forecaster: ForecasterNetwork) -> bool:
    """Return True if the forecaster reads forwards only and its state has a fixed size."""
    return not (forecaster.network.both_ways or forecaster.network.grows)


def joined(early: bytes, late: bytes) -> bytes:
    """Join two graphs that `write_graph` wrote into one."""
    first, model = onnx.load_from_string(early), onnx.load_from_string(late)
    for part, prefix in ((first, _EARLY), (model, _LATE)):
        compose.add_prefix(part, prefix, rename_inputs=False, inplace=True)
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            if name == MEMORY:
                node.input[place] = ENCODED
    (encoded,), (quantiles,) = first.graph.output, model.graph.output
    width = encoded.type.tensor_type.shape.dim[1].dim_value
    given = [size.dim_value for size in quantiles.type.tensor_type.shape.dim[1:]]
    inputs = [tensor for tensor in model.graph.input if tensor.name != MEMORY]
    zero = helper.make_tensor("zero", TensorProto.INT64, [], [0])
    whole = helper.make_graph(
        [
            *_where_empty(MEMORY, ENCODED, _part(first), _told(width)),
            *_where_empty("future", QUANTILES, _nothing(given), _part(model)),
        ],
        model.graph.name,
        [*inputs, _floats(MEMORY, ["kept", width])],
        [_floats(QUANTILES, ["answered", *given]), _floats(ENCODED, ["pairs", width])],
        [zero],
    )
    model.graph.CopyFrom(whole)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _where_empty(
    of: str, to: str, then: onnx.GraphProto, otherwise: onnx.GraphProto
) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Size", [of], [f"{of}_size"]),
        helper.make_node("Equal", [f"{of}_size", "zero"], [f"{of}_is_empty"]),
        helper.make_node("If", [f"{of}_is_empty"], [to], then_branch=then, else_branch=otherwise),
    ]


def _part(model: onnx.ModelProto) -> onnx.GraphProto:
    """Make a graph a branch: it takes its inputs from the outer graph."""
    graph = model.graph
    return helper.make_graph(graph.node, graph.name, [], graph.output, graph.initializer)


def _told(width: int) -> onnx.GraphProto:
    same = helper.make_node("Identity", [MEMORY], ["told"])
    return helper.make_graph([same], "told", [], [_floats("told", ["kept", width])])


def _nothing(given: list[int]) -> onnx.GraphProto:
    empty = helper.make_tensor("nothing", TensorProto.FLOAT, [0, *given], [])
    none = helper.make_node("Constant", [], ["no_quantiles"], value=empty)
    return helper.make_graph([none], "nothing", [], [_floats("no_quantiles", [0, *given])])


def _floats(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

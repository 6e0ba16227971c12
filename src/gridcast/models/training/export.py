"""Export a trained forecaster as one ONNX file, sealed with its contract.

The graph is written by torch's exporter based on `torch.export`; the one based on TorchScript is
deprecated. Recurrent layers become ONNX operators, see `onnx_recurrent`.
"""

import logging
import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from gridcast.models.contract import Contract
from gridcast.models.features import FeatureSpec
from gridcast.models.network import ENCODED, MEMORY, QUANTILES
from gridcast.models.seal import seal
from gridcast.models.training.ahead import Early, Late, can_be_told, joined
from gridcast.models.training.networks import ForecasterNetwork
from gridcast.models.training.onnx_recurrent import with_operators

OPSET = 20
"""The oldest opset that has GELU as one operator; onnxruntime reads it since 1.17."""
PAIRS = "pairs"
"""Name of the first dimension: any number of pairs of a series and an origin."""
HOURS = "hours"
"""Name of the dimension of a state that keeps an entry for every hour read."""
EXAMPLES = 3
"""Number of pairs to trace the graph with. With 1 the dimension would become a constant."""


def export(forecaster: ForecasterNetwork, contract: Contract, *, calibrated: bool = True) -> bytes:
    """Return a forecaster as the bytes of a model file that `Network.load` accepts.

    Parameters
    ----------
    forecaster
        A trained forecaster.
    contract
        The contract to embed; it must match the forecaster.
    calibrated
        False leaves the conformal calibration out, for comparison.
    """
    check(forecaster, contract)
    if not calibrated:
        forecaster = deepcopy(forecaster)
        forecaster.shift.zero_()
    return seal(whole_graph(forecaster), contract)


def whole_graph(forecaster: ForecasterNetwork) -> bytes:
    """Return the unsealed graph of a forecaster, with an encoder cache if it supports one."""
    if not can_be_told(forecaster):
        return plain_graph(forecaster)
    inputs = example(forecaster.spec)
    window = {name: inputs[name] for name in ("load", "past")}
    early = Early(forecaster)
    with torch.no_grad():
        memory = {MEMORY: early(**window)}
    return joined(
        write_graph(early, window, [ENCODED]),
        write_graph(Late(forecaster), {**inputs, **memory}, [QUANTILES]),
    )


def plain_graph(forecaster: ForecasterNetwork) -> bytes:
    """Return the unsealed graph of a forecaster, without an encoder cache."""
    return write_graph(forecaster, example(forecaster.spec), [QUANTILES])


def example(spec: FeatureSpec) -> dict[str, Tensor]:
    """Return example inputs of the right shapes, by name; no `static` without such features."""
    shapes = {
        "load": (spec.slots,),
        "past": (spec.steps, len(spec.past)),
        "future": (spec.horizon, len(spec.future)),
        "static": (len(spec.static),),
    }
    return {
        name: torch.rand(EXAMPLES, *shape)
        for name, shape in shapes.items()
        if name != "static" or spec.static
    }


def write_graph(
    module: nn.Module,
    inputs: Mapping[str, Tensor | list[Tensor]],
    outputs: Sequence[str],
    grows: Container[str] = (),
) -> bytes:
    """Return a module as an unsealed ONNX graph; the same module gives the same bytes.

    Parameters
    ----------
    module
        The module to export.
    inputs
        Example inputs by the names of the parameters of `forward`; those of a list are numbered.
    outputs
        Names of the outputs.
    grows
        Inputs whose second dimension, hours, is dynamic too.
    """
    copy = with_operators(deepcopy(module).cpu()).eval()
    pairs, hours = torch.export.Dim(PAIRS), torch.export.Dim(HOURS)
    names: list[str] = []

    def named(name: str) -> dict[int, Any]:
        names.append(name)
        return {0: pairs, 1: hours} if name in grows else {0: pairs}

    shapes = {
        name: [named(f"{name}_{at}") for at in range(len(given))]
        if isinstance(given, list)
        else named(name)
        for name, given in inputs.items()
    }
    with _quiet():
        program = torch.onnx.export(
            copy,
            kwargs=dict(inputs),
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=names,
            output_names=list(outputs),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch wrote no graph")
    model: onnx.ModelProto = program.model_proto
    _forget_where(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def check(forecaster: ForecasterNetwork, contract: Contract) -> None:
    """Raise ValueError if the contract does not match the forecaster."""
    for what, declared, actual in (
        ("features", contract.features, forecaster.spec),
        ("levels", contract.levels, forecaster.levels),
    ):
        if declared != actual:
            raise ValueError(f"the contract's {what} are {declared}, the forecaster's {actual}")


def _forget_where(model: onnx.ModelProto) -> None:
    """Remove the nodes' source locations, which contain paths of this machine."""
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for value in (*model.graph.input, *model.graph.output, model.graph, model):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings that torch's exporter emits about its own internals."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)

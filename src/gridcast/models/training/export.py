"""Write a trained forecaster as one ONNX file, sealed with its contract.

torch's exporter by `torch.export` writes the graph: it is the one that torch keeps (the one by
TorchScript is deprecated). Recurrent layers are named as operators, see `onnx_recurrent`.
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
"""The oldest with GELU as one operator; onnxruntime reads it since 1.17."""
PAIRS = "pairs"
"""Name of the first dimension: any number of pairs of a series and an origin."""
HOURS = "hours"
"""Name of the dimension of a state that keeps an entry for every hour read."""
EXAMPLES = 3
"""Pairs that the graph is traced with; more than one, for a 1 would be taken to be constant."""


def export(forecaster: ForecasterNetwork, contract: Contract, *, calibrated: bool = True) -> bytes:
    """Write a forecaster as a model file that `Network.load` accepts.

    Parameters
    ----------
    forecaster
        Trained.
    contract
        What the file is to say of itself; it must be of this forecaster.
    calibrated
        False leaves out what calibration found: to compare.
    """
    check(forecaster, contract)
    if not calibrated:
        forecaster = deepcopy(forecaster)
        forecaster.shift.zero_()
    return seal(whole_graph(forecaster), contract)


def whole_graph(forecaster: ForecasterNetwork) -> bytes:
    """Write a forecaster as a graph that can be told what it keeps, where it can be; not sealed."""
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
    """Write a forecaster as a graph that reads all of its hours itself; not sealed."""
    return write_graph(forecaster, example(forecaster.spec), [QUANTILES])


def example(spec: FeatureSpec) -> dict[str, Tensor]:
    """Give inputs of the right shapes, by name; without static features there is no such input."""
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
    """Write a module as an ONNX graph, not sealed; the same module gives the same bytes.

    Parameters
    ----------
    module
        What to write.
    inputs
        Examples by name, as the module's `forward` names its parameters; those of a list are
        numbered.
    outputs
        Names of what it gives.
    grows
        Inputs whose second dimension, hours, may have any size too.
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
    """Refuse a contract that is not of this forecaster."""
    for what, said, is_so in (
        ("features", contract.features, forecaster.spec),
        ("levels", contract.levels, forecaster.levels),
    ):
        if said != is_so:
            raise ValueError(f"the contract's {what} are {said}, the forecaster's {is_so}")


def _forget_where(model: onnx.ModelProto) -> None:
    """Leave out which lines of which files the nodes are from: paths of this machine."""
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for value in (*model.graph.input, *model.graph.output, model.graph, model):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what torch's exporter warns of: its own insides."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)

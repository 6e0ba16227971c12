"""A network that is told what it kept of earlier hours answers as one that reads them all."""

from functools import cache

import numpy as np
import pytest
from support.contracts import contract_of
from support.training import MANY, UNIVARIATE, trained

from gridcast.models.contract import ProbeError
from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.network import Network
from gridcast.models.seal import seal

pytest.importorskip("torch", reason="needs gridcast[train]")

import torch

from gridcast.models.training.ahead import Early, Late, joined
from gridcast.models.training.export import (
    example,
    export,
    write_graph,
)

CASES = [
    pytest.param(spec, name, members, id=f"{name}, {members}, {spec.step_minutes} min")
    for name, members in (("lstm", 1), ("lstm", 2), ("gru", 1))
    for spec in (UNIVARIATE, MANY)
]


@cache
def network_of(spec: FeatureSpec, name: str, members: int = 1) -> tuple[Network, Inputs]:
    fitting = trained(spec, name, members)
    network = Network.load(export(fitting.forecaster, contract_of(spec)), horizon=spec.horizon)
    some = np.arange(min(150, len(fitting._validation)))
    return network, fitting._validation.batch(some).inputs


@pytest.mark.parametrize(("spec", "name", "members"), CASES)
def test_told_what_it_kept_a_network_answers_to_the_bit_as_when_it_reads_all(
    spec: FeatureSpec, name: str, members: int
) -> None:
    network, inputs = network_of(spec, name, members)
    whole = network.forecast(inputs)
    memory = network.encode(inputs)
    assert memory.shape == (len(inputs), network.memory)
    assert network.forecast(inputs, memory).tobytes() == whole.tobytes()
    some = inputs.take(slice(40, 43))
    assert network.encode(some).tobytes() == memory[40:43].tobytes()
    assert network.forecast(some, memory[40:43]).tobytes() == whole[40:43].tobytes()
    assert network.part > 1, "what a series gets leans on those beside it"


@pytest.mark.parametrize("spec", [UNIVARIATE, MANY])
def test_the_newest_hour_does_not_have_to_be_known(spec: FeatureSpec) -> None:
    network, inputs = network_of(spec, "lstm")
    load, past = inputs.load.copy(), inputs.past.copy()
    load[:, -spec.hour :] = 0
    past[:, -1] = 9
    early = Inputs(load, past, inputs.future, inputs.static)
    assert network.encode(early).tobytes() == network.encode(inputs).tobytes()


@pytest.mark.parametrize("name", ["bilstm", "attention-lstm"])
def test_one_that_reads_backwards_or_looks_at_every_hour_keeps_nothing(name: str) -> None:
    network, _ = network_of(UNIVARIATE, name)
    assert network.memory == 0


def test_one_whose_memory_leans_on_the_newest_hour_is_refused() -> None:
    class Hasty(Early):
        def forward(self, load: torch.Tensor, past: torch.Tensor) -> torch.Tensor:
            return super().forward(load.roll(UNIVARIATE.hour, 1), past)

    forecaster, inputs = trained(UNIVARIATE, "lstm").forecaster, example(UNIVARIATE)
    inputs.pop("static", None)
    early, window = Hasty(forecaster), {name: inputs[name] for name in ("load", "past")}
    with torch.no_grad():
        memory = {"memory": early(**window)}
    graph = joined(
        write_graph(early, window, ["encoded"]),
        write_graph(Late(forecaster), {**inputs, **memory}, ["quantiles"]),
    )
    with pytest.raises(ProbeError, match="told what it keeps of earlier hours"):
        Network.load(seal(graph, contract_of(UNIVARIATE)))

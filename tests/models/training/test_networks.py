"""Each network of the registry, from a tiny archive to a model file that answers like torch."""

import numpy as np
import pytest
from support.contracts import contract_of
from support.training import MANY, UNIVARIATE, trained

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.network import Network

torch = pytest.importorskip("torch", reason="needs gridcast[train]")

from gridcast.models.training.export import example, export, write_graph  # noqa: E402
from gridcast.models.training.fit import Fitting  # noqa: E402
from gridcast.models.training.networks import NETWORKS  # noqa: E402

CASES = [
    pytest.param(spec, name, id=f"{name}, {told}")
    for name in NETWORKS
    for spec, told in ((UNIVARIATE, "univariate"), (MANY, "many series and covariates"))
]


def ask(fitting: Fitting, inputs: Inputs) -> np.ndarray:
    with torch.no_grad():
        named = {name: torch.from_numpy(array) for name, array in inputs.feed().items()}
        return fitting.forecaster(**named).numpy()


def without(inputs: Inputs, spec: FeatureSpec) -> Inputs:
    """Make all that may be unknown unknown."""
    past, future = inputs.past.copy(), inputs.future.copy()
    past[..., len(spec.calendar) :] = np.nan
    future[..., len(spec.calendar) :] = np.nan
    return Inputs(inputs.load, past, future, inputs.static)


@pytest.mark.parametrize(("spec", "name"), CASES)
def test_a_network_trains_and_its_file_answers_as_torch_does(spec: FeatureSpec, name: str) -> None:
    fitting = trained(spec, name)
    network = Network.load(export(fitting.forecaster, contract_of(spec)), horizon=spec.horizon)
    some = fitting._validation.batch(np.arange(len(fitting._validation))).inputs
    scale = np.abs(some.load).mean(axis=1)[:, None, None]
    assert scale.max() > 7e7  # a country among them
    for size in (1, 2, 17, len(some)):
        for inputs in (some.take(slice(0, size)), without(some.take(slice(-size, None)), spec)):
            told, said = ask(fitting, inputs), network.forecast(inputs)
            own = np.abs(inputs.load).mean(axis=1)[:, None, None]
            assert (np.abs(told - said) / own).max() < 1e-5
            assert np.isfinite(said).all()
            assert (np.diff(said, axis=1) >= 0).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_series_gets_does_not_lean_on_those_beside_it(name: str) -> None:
    spec = MANY
    network = Network.load(export(trained(spec, name).forecaster, contract_of(spec)))
    assert network.part > 1  # otherwise it would be run sample by sample


def test_recurrent_layers_are_operators_whatever_the_number_of_hours() -> None:
    onnx = pytest.importorskip("onnx", reason="needs gridcast[train]")
    for name, operator in (("lstm", "LSTM"), ("gru", "GRU")):
        fitting = trained(UNIVARIATE, name)
        graph = onnx.load_from_string(
            write_graph(fitting.forecaster, example(UNIVARIATE), ["quantiles"])
        )
        kinds = [node.op_type for node in graph.graph.node]
        assert kinds.count(operator) == 2 * len(fitting.forecaster.members)
        assert not {"Loop", "Scan", "If"} & set(kinds)


def test_the_same_forecaster_gives_the_same_bytes_and_no_paths_of_this_machine() -> None:
    forecaster = trained(UNIVARIATE, "lstm").forecaster
    contract = contract_of(UNIVARIATE)
    first, second = (export(forecaster, contract) for _ in range(2))
    assert first == second
    assert b"site-packages" not in first
    assert b"forecaster.py" not in first


def test_a_contract_of_another_network_is_refused() -> None:
    forecaster = trained(UNIVARIATE, "lstm").forecaster
    with pytest.raises(ValueError, match="features"):
        export(forecaster, contract_of(MANY))
    with pytest.raises(ValueError, match="levels"):
        export(forecaster, contract_of(UNIVARIATE, levels=(0.1, 0.5, 0.9)))


def test_a_horizon_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="look back as far as you look ahead"):
        trained(FeatureSpec(lookback_hours=24, horizon_hours=48), "lstm")

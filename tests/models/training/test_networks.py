"""Each network of the registry, from a tiny archive to a model file that answers like torch."""

from copy import deepcopy

import numpy as np
import pytest
from support.contracts import contract_of
from support.training import MANY, UNIVARIATE, graph_of, trained

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.network import Network
from gridcast.models.seal import seal

torch = pytest.importorskip("torch", reason="needs gridcast[train]")

from gridcast.models.training.export import export  # noqa: E402
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
        answer: np.ndarray = fitting.forecaster(**named).numpy()
        return answer


def without(inputs: Inputs, spec: FeatureSpec) -> Inputs:
    """Make all that may be unknown unknown."""
    past, future = inputs.past.copy(), inputs.future.copy()
    past[..., len(spec.calendar) :] = np.nan
    future[..., len(spec.calendar) :] = np.nan
    return Inputs(inputs.load, past, future, inputs.static)


@pytest.mark.parametrize(("spec", "name"), CASES)
def test_a_network_trains_and_its_file_answers_as_torch_does(spec: FeatureSpec, name: str) -> None:
    fitting = trained(spec, name)
    network = Network.load(seal(graph_of(spec, name), contract_of(spec)), horizon=spec.horizon)
    some = fitting._validation.batch(np.arange(len(fitting._validation))).inputs
    assert np.abs(some.load).max() > 7e7  # a country among them
    for size in (1, 2, 17, len(some)):
        for inputs in (some.take(slice(0, size)), without(some.take(slice(-size, None)), spec)):
            told, said = ask(fitting, inputs), network.forecast(inputs)
            own = np.abs(inputs.load).mean(axis=1)[:, None, None]
            assert (np.abs(told - said) / own).max() < 1e-5
            assert np.isfinite(said).all()
            assert (np.diff(said, axis=1) >= 0).all()
    assert network.part > 1, "what a series gets leans on those beside it"


@pytest.mark.parametrize(
    ("name", "operator"), [("lstm", "LSTM"), ("bilstm", "LSTM"), ("gru", "GRU")]
)
def test_recurrent_layers_are_operators_whatever_the_number_of_hours(
    name: str, operator: str
) -> None:
    onnx = pytest.importorskip("onnx", reason="needs gridcast[train]")
    graph = onnx.load_from_string(graph_of(UNIVARIATE, name)).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count(operator) == 2  # the encoder and the decoder
    assert not {"Loop", "Scan", "If"} & set(kinds)


def test_several_members_are_averaged_and_calibrated_in_the_graph() -> None:
    fitting = trained(MANY, "lstm", 2)
    forecaster, contract = fitting.forecaster, contract_of(MANY)
    inputs = fitting._validation.batch(np.arange(50)).inputs
    named = {name: torch.from_numpy(array) for name, array in inputs.feed().items()}
    sealed = export(forecaster, contract)
    assert sealed == export(forecaster, contract)
    assert b"site-packages" not in sealed, "the file tells of this machine"
    assert b"forecaster.py" not in sealed
    scale = np.abs(inputs.load).mean(axis=1)[:, None, None]
    with torch.no_grad():
        told = forecaster(**named).numpy()
        assert (np.abs(Network.load(sealed).forecast(inputs) - told) / scale).max() < 1e-5
        plain = deepcopy(forecaster)
        plain.shift.zero_()
        raw = Network.load(export(forecaster, contract, calibrated=False)).forecast(inputs)
        assert (np.abs(plain(**named).numpy() - raw) / scale).max() < 1e-5
        assert (np.abs(raw - told) / scale).max() > 1e-4
        alone = []
        for member in plain.members:
            one = deepcopy(plain)
            one.members = torch.nn.ModuleList([member])
            alone.append(one(**named).numpy())
        assert (np.abs(np.mean(alone, axis=0) - raw) / scale).max() < 1e-5


def test_a_contract_of_another_network_is_refused() -> None:
    forecaster = trained(UNIVARIATE, "lstm").forecaster
    with pytest.raises(ValueError, match="features"):
        export(forecaster, contract_of(MANY))
    with pytest.raises(ValueError, match="levels"):
        export(forecaster, contract_of(UNIVARIATE, levels=(0.1, 0.5, 0.9)))


def test_a_horizon_longer_than_the_window_is_refused() -> None:
    with pytest.raises(ValueError, match="look back as far as you look ahead"):
        trained(FeatureSpec(lookback_hours=24, horizon_hours=48), "lstm")

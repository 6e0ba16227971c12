"""Load, check and run a model file with ONNX Runtime on the CPU.

From kW to kW a network is one ONNX graph, and its file embeds its `Contract`. A file whose contract
cannot be fulfilled is refused with the reason, so that a worker can continue with its present
model.
"""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoModel,
    RuntimeException,
)
from onnxruntime.capi.onnxruntime_pybind11_state import (
    NotImplemented as NoSuchOperator,
)

from gridcast.models.contract import Contract, ContractError, DamagedError, ProbeError
from gridcast.models.features import FeatureBuilder, Inputs
from gridcast.models.features.builder import AT_ONCE
from gridcast.models.features.inputs import Tensor
from gridcast.models.seal import CONTRACT, DIGEST, check_seal
from gridcast.models.windows.marks import PLAIN
from gridcast.schemas import GridSeries

PART = AT_ONCE
"""Pairs per run of the graph: what fits into a core's cache is fastest, and small."""
QUANTILES = "quantiles"
MEMORY = "memory"
"""Input: the encoder cache of all hours but the newest. Without rows, the graph encodes them."""
ENCODED = "encoded"
"""Output: the encoder cache, to be passed back as `memory`."""
PROBE_MS = 1_704_067_200_000
"""Origin of the probe: 1 January 2024."""

_UNREADABLE = (Fail, InvalidProtobuf, NoModel)
_UNUSABLE = (InvalidArgument, InvalidGraph, NoSuchOperator, RuntimeException)
_ONLY_ERRORS = 3

onnxruntime.disable_telemetry_events()  # a forecaster tells nobody that it runs


class Network:
    """A loaded model.

    A pair's forecast depends on its own inputs only, to the bit; `load` checks this. A graph for
    which it does not hold (int8 with scales over all rows) is run row by row.

    Parameters
    ----------
    session
        The graph.
    contract
        The contract in the file.
    levels, horizon
        Which of its quantiles, and how many of its slots, to return; None: all.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        contract: Contract,
        levels: Sequence[float] | None = None,
        horizon: int | None = None,
    ) -> None:
        self._session = session
        self.contract = contract
        self.builder = FeatureBuilder(contract.features)
        """Builds its inputs."""
        self.levels = contract.levels if levels is None else tuple(levels)
        """The requested quantile levels, in order."""
        self.horizon = contract.features.horizon if horizon is None else horizon
        """The requested number of slots."""
        self._asked: slice | list[int] = (
            slice(None) if self.levels == contract.levels else self._places()
        )
        self.part = PART
        """Pairs per run of the graph."""
        widths = [one.shape[1] for one in session.get_inputs() if one.name == MEMORY]
        self.memory = int(widths[0]) if widths else 0
        """Size of the encoder cache per pair; 0: the model has none."""

    @classmethod
    def load(
        cls,
        data: bytes,
        *,
        step_minutes: int | None = None,
        horizon: int | None = None,
        levels: Sequence[float] | None = None,
        threads: int = 1,
    ) -> Self:
        """Return the network of a model file's bytes; raise ContractError if it is unusable.

        Parameters
        ----------
        data
            The file.
        step_minutes, horizon, levels
            What it must provide: width of a slot, number of slots, quantiles; None: any. A model
            that provides more returns what is requested.
        threads
            Threads per run. With more than one the same inputs still give the same bits.
        """
        sealed = check_seal(data)
        session = _session(data, threads)
        said = _metadata(session)
        if CONTRACT not in said:
            raise ContractError("the file carries no contract")
        if not sealed or DIGEST not in said:
            raise ContractError("the file carries no digest")
        contract = Contract.from_bytes(said[CONTRACT].encode())
        _check_asked(contract, step_minutes, horizon, levels)
        _check_graph(session, contract)
        network = cls(session, contract, levels, horizon)
        network._probe()
        return network

    def forecast(self, inputs: Inputs, memory: Tensor | None = None) -> Tensor:
        """Return the quantiles of all pairs, [pairs, levels, horizon] in kW, rising over levels.

        With `memory`, the result of `encode` for the same windows, only their newest hours are
        read.
        """
        given = (len(self.contract.levels), self.contract.features.horizon)
        quantiles = np.empty((len(inputs), len(self.levels), self.horizon), np.float32)
        for part, found in self._run(QUANTILES, inputs, memory):
            if found.shape != (len(quantiles[part]), *given):
                raise ProbeError(f"quantiles are {list(found.shape[1:])}, not {list(given)}")
            quantiles[part] = found[:, self._asked, : self.horizon]
        return quantiles

    def encode(self, inputs: Inputs) -> Tensor:
        """Read all hours but the newest, which may be unknown yet: [pairs, memory]."""
        memory = np.empty((len(inputs), self.memory), np.float32)
        # Without a future the graph does not answer.
        window = Inputs(inputs.load, inputs.past, inputs.future[:0], inputs.static)
        for part, found in self._run(ENCODED, window, None):
            memory[part] = found
        return memory

    def _run(
        self, wanted: str, inputs: Inputs, memory: Tensor | None
    ) -> Iterator[tuple[slice, Tensor]]:
        """Run the graph on one part of the pairs at a time."""
        tensors = inputs.feed()
        for first in range(0, len(inputs), self.part):
            part = slice(first, first + self.part)
            feed = {name: tensor[part] for name, tensor in tensors.items()}
            if self.memory:
                none = np.empty((0, self.memory), np.float32)
                feed[MEMORY] = none if memory is None else memory[part]
            (found,) = self._session.run([wanted], feed)
            yield part, found

    def warm_up(self) -> None:
        """Run it once with the largest batch, since the first run is the slowest."""
        inputs = _probe_inputs(self.builder)
        self.forecast(inputs.take(np.resize(np.arange(len(inputs)), self.part)))

    def _places(self) -> list[int]:
        return [self.contract.levels.index(level) for level in self.levels]

    def _probe(self) -> None:
        """Check a test forecast: finite, rising quantiles, and rows independent of each other."""
        inputs = _probe_inputs(self.builder)
        try:
            together = self.forecast(inputs)
            told = self.forecast(inputs, self._early(inputs))
            self.part = 1
            alone = self.forecast(inputs)
        except (*_UNREADABLE, *_UNUSABLE) as error:
            raise ProbeError(f"the graph does not run: {_line(error)}") from None
        if not np.isfinite(together).all():
            raise ProbeError("on a probe the network gives quantiles that are not numbers")
        if (np.diff(together, axis=1) < 0).any():
            raise ProbeError("on a probe the network gives quantiles that fall")
        if together.tobytes() != told.tobytes():
            raise ProbeError("told what it keeps of earlier hours it answers otherwise")
        if together.tobytes() == alone.tobytes():
            self.part = PART

    def _early(self, inputs: Inputs) -> Tensor | None:
        """Return the encoder cache as computed ahead of time, with arbitrary newest hours."""
        if not self.memory:
            return None
        hour = self.contract.features.hour
        load, past = inputs.load.copy(), inputs.past.copy()
        load[:, -hour:] = 2 * load[:, -hour:] + 1
        past[:, -1] = 0
        return self.encode(Inputs(load, past, inputs.future, inputs.static))


def _session(data: bytes, threads: int) -> onnxruntime.InferenceSession:
    if not data:
        raise DamagedError("the file is empty")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ONLY_ERRORS
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _UNREADABLE:
        raise DamagedError("not an ONNX model, or one cut short") from None
    except _UNUSABLE as error:
        raise ContractError(f"the graph cannot be used here: {_line(error)}") from None


def _metadata(session: onnxruntime.InferenceSession) -> dict[str, str]:
    try:
        return dict(session.get_modelmeta().custom_metadata_map)
    except UnicodeDecodeError:
        raise DamagedError("what the file says of itself is not UTF-8") from None


def _check_asked(
    contract: Contract,
    step_minutes: int | None,
    horizon: int | None,
    levels: Sequence[float] | None,
) -> None:
    features = contract.features
    if step_minutes not in {None, features.step_minutes}:
        raise ContractError(
            f"its step is {features.step_minutes} min, {step_minutes} min are asked for"
        )
    if horizon is not None and horizon > features.horizon:
        raise ContractError(f"its horizon is {features.horizon} slots, {horizon} are asked for")
    if levels is not None and not set(levels) <= set(contract.levels):
        raise ContractError(
            f"its levels are {_numbers(contract.levels)}, {_numbers(levels)} are asked for"
        )


def _check_graph(session: onnxruntime.InferenceSession, contract: Contract) -> None:
    """Check the graph's inputs and outputs against the contract."""
    features = contract.features
    wanted = {
        "load": [features.slots],
        "past": [features.steps, len(contract.past)],
        "future": [features.horizon, len(contract.future)],
    }
    if contract.static:
        wanted["static"] = [len(contract.static)]
    given = {QUANTILES: [len(contract.levels), features.horizon]}
    for one in session.get_inputs():
        if one.name == MEMORY:
            wanted[MEMORY] = given[ENCODED] = one.shape[1:]
    _compare("inputs", session.get_inputs(), wanted)
    _compare("outputs", session.get_outputs(), given)


def _compare(what: str, found: Sequence[onnxruntime.NodeArg], wanted: dict[str, list[int]]) -> None:
    names = sorted(one.name for one in found)
    if names != sorted(wanted):
        said = ", ".join(sorted(wanted))
        raise ContractError(f"the graph's {what} are {', '.join(names)}; by its contract {said}")
    for one in found:
        if one.type != "tensor(float)":
            raise ContractError(f"{one.name} is a {one.type} in the graph, not a tensor(float)")
        first, *rest = one.shape
        if isinstance(first, int):
            raise ContractError(f"{one.name} takes {first} pairs at once, not any number of them")
        sizes = wanted[one.name]
        known = [a == b for a, b in zip(rest, sizes, strict=False) if isinstance(a, int)]
        if len(rest) != len(sizes) or not all(known):  # one left open is seen by the probe
            raise ContractError(f"{one.name} is {rest} in the graph, {sizes} by its contract")


def _probe_inputs(builder: FeatureBuilder) -> Inputs:
    """Return inputs with loads that any grid may have: large, small, zero, and negative."""
    spec = builder.spec
    day = np.sin(np.arange(spec.window) / spec.hour / 24 * 2 * np.pi)
    loads = [level * (1 + 0.3 * day) for level in (1.0, 0.05, 700.0, 6e7, 0.0, -40.0)]
    mean = np.array([*loads, 30 * day], np.float32).T
    mark = np.full(mean.shape, PLAIN, np.uint8)
    series = [GridSeries(series="probe", can_be_negative=True)] * mean.shape[1]
    inputs, _ = builder.build((mean, mark), PROBE_MS, series)
    return inputs


def _numbers(levels: Sequence[float]) -> str:
    return ", ".join(f"{level:g}" for level in levels)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]

"""Size and speed of a model file on a CPU, in full and with 8-bit weights."""

import platform
import time
from collections.abc import Mapping
from statistics import median

from gridcast.learning.training.dataset import Dataset
from gridcast.learning.training.judge import TrainingJudge
from gridcast.learning.training.results import Edge, EdgeForm
from gridcast.models.evaluation.samples import pairs_of, samples_of, verify
from gridcast.models.evaluation.score import score
from gridcast.models.features import FeatureBuilder
from gridcast.models.features.inputs import Inputs
from gridcast.models.network import Network

_SAMPLES = 1_000
_REPEATS = 5


def measure_forms(
    forms: Mapping[str, bytes], dataset: Dataset, builder: FeatureBuilder, judge: TrainingJudge
) -> Edge:
    """Run each form of the model file on a thousand samples of the test part, and on one."""
    pairs = pairs_of(dataset.archive, builder, dataset.split.test).thinned(_SAMPLES)
    inputs = samples_of(dataset.archive, builder, pairs).inputs
    measured_forms = []
    for name, data in forms.items():
        network = Network.load(data)
        levels = network.contract.levels
        verified = verify({name: network}, levels, dataset.archive, builder, pairs)[name]
        measured_forms.append(
            EdgeForm(
                name=name,
                size_bytes=len(data),
                one_ms=_time_ms(network, inputs.take(slice(0, 1))),
                many_ms=_time_ms(network, inputs),
                scores=score(verified, judge.scales),
            )
        )
    machine = f"{_processor()}, {platform.system()}"
    return Edge(machine=machine, samples=len(inputs), forms=tuple(measured_forms))


def _time_ms(network: Network, inputs: Inputs) -> float:
    times = []
    for _ in range(_REPEATS + 1):
        begun = time.perf_counter()
        network.forecast(inputs)
        times.append(1000 * (time.perf_counter() - begun))
    return median(times[1:])  # the first warms up


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [
                line.partition(":")[2].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()

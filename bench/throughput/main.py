"""Readings through a real Kafka: gridcast's worker beside seven other ways, in the same run.

Every engine is a process of its own and consumes the same readings from the beginning: parse, a
window of 60 minutes a meter, outputs once a minute of event time, in two shapes: one output a
meter and minute, or one a partition and minute. Start-up is not counted, the broker neither; CPU
seconds are those of the engine and its children. Outputs are compared with what they should be.

Limit: gridcast, with full recovery, at least as many readings a CPU second as plain aiokafka with
no state; ahead of Kafka Streams, Bytewax and Quix Streams; 1,000,000 in frames, with one output a
partition.
"""

import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from common import arguments, result, show

from gridcast.stream.kafka.broker import Broker
from throughput.cluster import Cluster
from throughput.engines import ENGINES, Engine
from throughput.feed import A_MINUTE
from throughput.measure import EngineError, Measured, Verdict, median

LIMIT_FRAMES = 1_000_000
SHAPES = {
    "series": "one output a meter and minute",
    "partition": "one output a partition and minute",
}
WITHIN_S = 180.0
QUICK_WITHIN_S = 20.0


@dataclass
class Row:
    """What is known of one engine."""

    engine: Engine
    command: list[str] = field(default_factory=list)
    problem: str = ""
    runs: dict[str, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    outputs: dict[str, str] = field(default_factory=dict)
    faulty: bool = False

    def take(self, shape: str, measured: Measured, verdict: Verdict) -> None:
        """Keep one run."""
        self.runs[shape].append(measured)
        told = str(verdict)
        if measured.done < 1:
            told = f"only {measured.done:.0%} done in time"
        self.outputs[shape] = told
        self.faulty |= measured.done < 1 or bool(verdict.wrong or verdict.missing)

    def rate(self, shape: str, *, wall: bool = False) -> float | None:
        """Give readings a CPU second, or a wall second."""
        if not self.runs.get(shape):
            return None
        middle = median(self.runs[shape])
        return middle.readings / max(middle.wall_s if wall else middle.cpu_s, 1e-9)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--only", metavar="NAME,NAME", help="these engines, not all")
    parser.add_argument("--readings", type=int, help="how many (2,000,000; quick: 60,000)")
    parser.add_argument("--rounds", type=int, help="how often each is run (3; quick: 1)")
    given = parser.parse_args()
    names = given.only.split(",") if given.only else [engine.name for engine in ENGINES]
    if unknown := set(names) - {engine.name for engine in ENGINES}:
        known = ", ".join(engine.name for engine in ENGINES)
        parser.error(f"no engine {', '.join(sorted(unknown))}: there are {known}")
    minutes = max(2, (given.readings or (60_000 if given.quick else 2_000_000)) // A_MINUTE)
    rows = [Row(engine) for engine in ENGINES if engine.name in names]
    rounds = given.rounds or (1 if given.quick else 3)
    with tempfile.TemporaryDirectory(prefix="gridcast-throughput-") as folder:
        scratch = Path(folder)
        with ThreadPoolExecutor(1) as pool:
            # Fetching and compiling, while the broker starts.
            prepared = pool.submit(lambda: [prepare(row, scratch) for row in rows])
            with Broker() as broker:
                prepared.result()
                cluster = Cluster(broker.address, minutes, scratch)
                for row in rows:
                    if not row.problem:
                        row.readings = cluster.fill(row.engine)
                measure(rows, cluster, rounds, quick=given.quick)
    table(rows, rounds)
    if given.json:
        print(result("throughput", figures(rows)))
    return int(any(row.faulty for row in rows))


def prepare(row: Row, scratch: Path) -> None:
    """Make an engine ready."""
    folder = scratch / row.engine.name
    folder.mkdir()
    try:
        row.command = row.engine.prepare(folder)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        row.problem = f"not installed: {error}"


def measure(rows: list[Row], cluster: Cluster, rounds: int, *, quick: bool) -> None:
    """Run all in turn, A B C A B C, so that a slow minute falls on all."""
    within_s = QUICK_WITHIN_S if quick else WITHIN_S
    for turn in range(rounds):
        for row in rows:
            for shape in shapes(row, quick):
                where = f"round {turn + 1} of {rounds}: {row.engine.name}, {SHAPES[shape]}"
                print(f"  {where}", file=sys.stderr, flush=True)
                try:
                    row.take(shape, *cluster.run(row.engine, row.command, shape, within_s))
                except EngineError as error:
                    row.problem, row.faulty = f"failed: {error}", True
                    break


def shapes(row: Row, quick: bool) -> tuple[str, ...]:
    """Say in which shapes an engine is run."""
    if row.problem:
        return ()
    if quick:
        # An output a meter costs more than a reading in a frame does.
        return ("partition",) if row.engine.frames else ("series",)
    return ("series", "partition")


def table(rows: list[Row], rounds: int) -> None:
    """Print what was measured, for people."""
    for shape, title in SHAPES.items():
        if not any(row.rate(shape) for row in rows):
            continue
        show(
            f"{title.capitalize()}; medians of {rounds} round{'s' * (rounds > 1)} in turn",
            ["engine", "readings", "readings / s", "readings / CPU s", "outputs"],
            [
                [
                    row.engine.label,
                    f"{row.readings:,}",
                    number(row.rate(shape, wall=True)),
                    number(row.rate(shape)),
                    row.problem or row.outputs.get(shape, ""),
                ]
                for row in rows
                if row.problem or row.rate(shape)
            ],
        )
    for row in rows:
        print(f"{row.engine.label}: keeps {row.engine.keeps}")
    for shape, title in SHAPES.items():
        rates = {row.engine.name: row.rate(shape) for row in rows}
        if shape == "series":
            rates["gridcast_frames"] = None  # there it is the outputs that are measured
        for told in verdicts(rates):
            print(f"{title}: {told}")


def verdicts(rates: dict[str, float | None]) -> list[str]:
    """Hold our rows to their limits, as far as they were measured."""
    ours, frames = rates.get("gridcast"), rates.get("gridcast_frames")
    told = []
    for name in ("aiokafka", "kafka_streams", "bytewax", "quix"):
        if ours and (other := rates.get(name)):
            met = "met" if ours >= other else "MISSED"
            told.append(f"limit: gridcast at least as {name}: {met} ({ours / other:.2f} times)")
    if frames:
        met = "met" if frames >= LIMIT_FRAMES else "MISSED"
        told.append(f"limit: {LIMIT_FRAMES:,} readings / CPU s in frames: {met}")
    return told


def figures(rows: list[Row]) -> dict[str, dict[str, int | None]]:
    """Give the figures; None: not installed, or not measured in this shape."""

    def of(shape: str, *, wall: bool = False) -> dict[str, int | None]:
        rates = {row.engine.name: row.rate(shape, wall=wall) for row in rows}
        return {name: rate and round(rate) for name, rate in rates.items()}

    return {
        "readings_per_cpu_s": of("series"),
        "readings_per_s": of("series", wall=True),
        "readings_per_cpu_s_output_a_partition": of("partition"),
        "readings_per_s_output_a_partition": of("partition", wall=True),
    }


def number(rate: float | None) -> str:
    return "" if rate is None else f"{rate:,.0f}"

"""What a partition has given out since its last checkpoint, and waits for the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gridcast.agents.batch import Batch
from gridcast.agents.dead_letter import dead_letter
from gridcast.agents.metrics import Metrics
from gridcast.agents.spans import NO_SPAN, Span
from gridcast.agents.state_table import Output
from gridcast.schemas import Reason, Refusal, Topic
from gridcast.schemas.topics import DEAD_LETTERS, FORECASTS

MOST_BYTES = 32_000_000
"""So many bytes of outputs may wait for a checkpoint before one is made."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is to be sent and kept, together."""

    outputs: list[Output]
    changes: Mapping[str, bytes | None]
    next_offset: int
    """The input up to here, itself not included, is contained in what is then kept."""
    letters: list[tuple[Topic, Reason]]
    """Of the outputs that are dead letters: where the record is, and why."""
    closed_s: list[float]
    """When each tick closed of which there are forecasts."""
    span: Span
    """Of the batch that it comes from."""

    def confirmed(self, metrics: Metrics, began_s: float, done_s: float) -> None:
        """Tell the metrics that Kafka has it."""
        changes = self.changes.values()
        metrics.checkpointed(
            done_s - began_s,
            outputs=sum(len(output.value) for output in self.outputs),
            records=sum(len(record) for record in changes if record is not None),
        )
        for topic, reason in self.letters:
            metrics.wrote_letters(topic.name, [reason])
        for closed_s in self.closed_s:
            metrics.confirmed(done_s - closed_s)


@dataclass(slots=True)
class Outbox:
    """Outputs that wait, in their order."""

    outputs: list[Output] = field(default_factory=list)
    nbytes: int = 0
    """Of these outputs."""
    letters: list[tuple[Topic, Reason]] = field(default_factory=list)
    closed_s: list[float] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self.nbytes > MOST_BYTES

    def put(self, outputs: Iterable[Output]) -> None:
        """Take outputs."""
        for output in outputs:
            self.outputs.append(output)
            self.nbytes += len(output.value)

    def refuse(self, topic: Topic, batch: Batch, place: int, refusal: Refusal) -> None:
        """Write a dead letter."""
        letter = dead_letter(batch, place, refusal)
        self.put([Output(DEAD_LETTERS, letter.key, letter.to_bytes())])
        self.letters.append((topic, refusal.reason))

    def answered(self, closed_s: float) -> None:
        """Take note that the forecasts of a tick are in it, and when that closed."""
        self.closed_s.append(closed_s)

    def take(
        self, changes: Mapping[str, bytes | None], next_offset: int, span: Span = NO_SPAN
    ) -> Checkpoint:
        """Empty it into a checkpoint."""
        if len(self.closed_s) > 1:
            # Of several ticks, the forecasts of a series lie together: they are much alike, so they
            # are compressed five times as far. What has one key keeps its order.
            self.outputs.sort(key=_series_of_forecast)
        taken = Checkpoint(self.outputs, changes, next_offset, self.letters, self.closed_s, span)
        self.clear()
        return taken

    def clear(self) -> None:
        """Forget what waits."""
        self.outputs, self.letters, self.closed_s, self.nbytes = [], [], [], 0


def _series_of_forecast(output: Output) -> bytes:
    return output.key or b"" if output.topic is FORECASTS else b""

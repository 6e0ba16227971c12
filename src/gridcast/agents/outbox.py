"""Outputs of a partition that wait for its next checkpoint."""

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
"""A checkpoint is made when more bytes of outputs than this wait for one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Outputs to send and records to save, in one transaction."""

    outputs: list[Output]
    changes: Mapping[str, bytes | None]
    next_offset: int
    """First offset that the saved state does not contain."""
    letters: list[tuple[Topic, Reason]]
    """Topic of the refused record and reason, for each output that is a dead letter."""
    closed_s: list[float]
    """When each tick closed whose forecasts are among the outputs, monotonic seconds."""
    span: Span
    """Span of the batch that it comes from."""

    def confirmed(self, metrics: Metrics, began_s: float, done_s: float) -> None:
        """Count the checkpoint as confirmed by Kafka."""
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
    """Outputs that wait, in order."""

    outputs: list[Output] = field(default_factory=list)
    nbytes: int = 0
    """Size of their values."""
    letters: list[tuple[Topic, Reason]] = field(default_factory=list)
    closed_s: list[float] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that a checkpoint is due."""
        return self.nbytes > MOST_BYTES

    def put(self, outputs: Iterable[Output]) -> None:
        """Append outputs."""
        for output in outputs:
            self.outputs.append(output)
            self.nbytes += len(output.value)

    def refuse(self, topic: Topic, batch: Batch, place: int, refusal: Refusal) -> None:
        """Append the dead letter of a refused record."""
        letter = dead_letter(batch, place, refusal)
        self.put([Output(DEAD_LETTERS, letter.key, letter.to_bytes())])
        self.letters.append((topic, refusal.reason))

    def answered(self, closed_s: float) -> None:
        """Note that the outbox has a tick's forecasts, and when that tick closed."""
        self.closed_s.append(closed_s)

    def take(
        self, changes: Mapping[str, bytes | None], next_offset: int, span: Span = NO_SPAN
    ) -> Checkpoint:
        """Move everything into a checkpoint."""
        if len(self.closed_s) > 1:
            # Forecasts of one series for several ticks are much alike. Side by side they compress
            # five times as well. Messages with the same key keep their order.
            self.outputs.sort(key=_series_of_forecast)
        taken = Checkpoint(self.outputs, changes, next_offset, self.letters, self.closed_s, span)
        self.clear()
        return taken

    def clear(self) -> None:
        """Drop everything that waits."""
        self.outputs, self.letters, self.closed_s, self.nbytes = [], [], [], 0


def _series_of_forecast(output: Output) -> bytes:
    return output.key or b"" if output.topic is FORECASTS else b""

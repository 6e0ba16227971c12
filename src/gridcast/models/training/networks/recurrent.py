"""Members of one kind: a recurrent encoder over hours, a recurrent decoder over knots, a head."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gridcast.models.training.networks.head import Head, KnotForecast

LEAD_SIZE = 6
"""Numbers by which a knot is told from the others."""
SUMMARY_SIZE = 32

State = tuple[Tensor, ...]
"""What an encoder has kept of the hours: each part [n, …]."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Widths of what members take and give; they follow from the features and the levels."""

    hour: int
    context: int
    ahead: int
    knots: int
    references: int
    base: int
    levels: tuple[float, ...]


class Member(nn.Module):
    """An encoder over hours and a decoder over knots; what they are is for the subclasses to say.

    The decoder sees what is known of each knot, a summary of the context, and which knot it is. It
    begins where the encoder ended.

    Parameters
    ----------
    sizes
        Widths of what comes in and goes out.
    hidden
        Width of the recurrent layers.
    layers
        Recurrent layers, one above the other.
    dropout
        Share of the units left out at random in training.
    """

    cell: ClassVar[type[nn.LSTM | nn.GRU]] = nn.LSTM
    both_ways: ClassVar[bool] = False
    """Whether it reads hours and knots backwards too."""
    grows: ClassVar[bool] = False
    """Whether the last part of its state has an entry for every hour read: [n, hours, …]."""

    def __init__(self, sizes: Sizes, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = layers
        ways = 2 if self.both_ways else 1
        between = dropout if layers > 1 else 0.0
        self.encoder = self.cell(
            sizes.hour, hidden, layers, batch_first=True, dropout=between, bidirectional=ways == 2
        )
        self.parts = 2 if self.cell is nn.LSTM else 1
        self.bridge = nn.Linear(ways * hidden, self.parts * ways * layers * hidden)
        self.summary = nn.Sequential(
            nn.Linear(sizes.context + ways * hidden, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, SUMMARY_SIZE),
            nn.GELU(),
        )
        self.lead = nn.Parameter(torch.randn(sizes.knots, LEAD_SIZE) * 0.3)
        inputs = sizes.ahead + SUMMARY_SIZE + LEAD_SIZE
        self.decoder = self.cell(
            inputs, hidden, layers, batch_first=True, dropout=between, bidirectional=ways == 2
        )
        self.dropout = nn.Dropout(dropout)
        self.head = Head(
            ways * hidden + self.seen(hidden) + inputs,
            hidden,
            levels=sizes.levels,
            references=sizes.references,
            base=sizes.base,
            dropout=dropout,
        )

    def seen(self, hidden: int) -> int:  # noqa: ARG002 - a subclass says
        """Give the width of what the head sees of the hours beside the decoder's own output."""
        return 0

    def look(self, output: Tensor, state: State) -> list[Tensor]:  # noqa: ARG002 - a subclass says
        """Give what the head sees of the hours beside the decoder's own output."""
        return []

    def encode(self, hours: Tensor, state: State | None = None) -> State:
        """Read hours, [n, hours, …], from the beginning or from a state that was kept."""
        return self._run(hours, state)[1]

    def decode(self, state: State, context: Tensor, ahead: Tensor) -> KnotForecast:
        """Answer for knots: `context` is [n, …], `ahead` is [n, knots, …]."""
        last = self.dropout(self.last(state))
        summary = self.summary(torch.cat([context, last], 1))
        whole = (ahead.shape[0], ahead.shape[1], -1)
        inputs = torch.cat(
            [ahead, summary[:, None].expand(whole), self.lead[None].expand(whole)], -1
        )
        begin = self.bridge(last).reshape(ahead.shape[0], self.parts, -1, self.decoder.hidden_size)
        first = begin.movedim(0, 2).contiguous()  # [parts, layers, n, hidden]
        kept = torch.tanh(first[0])
        output, _ = self.decoder(inputs, (kept, first[1]) if self.parts == 2 else kept)
        output = self.dropout(output)
        answer: KnotForecast = self.head(torch.cat([output, *self.look(output, state), inputs], -1))
        return answer

    def last(self, state: State) -> Tensor:
        """Give what the encoder's top layer said at its end, of both ways: [n, …]."""
        ways = 2 if self.both_ways else 1
        return state[0][:, -ways:].flatten(1)

    def _run(self, hours: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Run the encoder; states are kept with the samples first, as graphs batch them."""
        begin = None
        if state is not None:
            parts = [part.transpose(0, 1).contiguous() for part in state[: self.parts]]
            begin = (parts[0], parts[1]) if self.parts == 2 else parts[0]
        output, end = self.encoder(hours, begin)
        ends = end if self.parts == 2 else (end,)
        return output, tuple(part.transpose(0, 1) for part in ends)


class Lstm(Member):
    """The champion: an LSTM over the past, an LSTM over what is known of the hours ahead."""


class BiLstm(Member):
    """LSTMs that read the past and the hours ahead both ways; it has no state to carry on."""

    both_ways = True


class Gru(Member):
    """Gated recurrent units in the place of LSTMs: a quarter fewer weights."""

    cell = nn.GRU

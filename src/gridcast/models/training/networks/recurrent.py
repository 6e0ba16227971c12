"""Recurrent members: an encoder over hours, a decoder over knots, and a head."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gridcast.models.training.networks.head import Head, KnotForecast

LEAD_SIZE = 6
"""Width of the embedding of a knot's lead."""
SUMMARY_SIZE = 32

State = tuple[Tensor, ...]
"""Encoder state: each part is [n, …]."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Widths of a member's inputs and outputs; they follow from the features and the levels."""

    hour: int
    context: int
    ahead: int
    knots: int
    references: int
    base: int
    levels: tuple[float, ...]


class Member(nn.Module):
    """A recurrent encoder over hours and decoder over knots; subclasses choose the layers.

    The decoder's inputs are the features of each knot, a summary of the context, and an embedding
    of the knot's lead. It starts from the encoder's final state.

    Parameters
    ----------
    sizes
        Widths of inputs and outputs.
    hidden
        Width of the recurrent layers.
    layers
        Number of stacked recurrent layers.
    dropout
        Dropout rate in training.
    """

    cell: ClassVar[type[nn.LSTM | nn.GRU]] = nn.LSTM
    both_ways: ClassVar[bool] = False
    """Whether it is bidirectional."""
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
        """Return the width of what `look` adds to the decoder's output; 0 without attention."""
        return 0

    def look(self, output: Tensor, state: State) -> list[Tensor]:  # noqa: ARG002 - a subclass says
        """Return what the head gets besides the decoder's output; nothing without attention."""
        return []

    def encode(self, hours: Tensor, state: State | None = None) -> State:
        """Encode hours, [n, hours, …], from zero or from a given state."""
        return self._run(hours, state)[1]

    def decode(self, state: State, context: Tensor, ahead: Tensor) -> KnotForecast:
        """Return the forecast at knots: `context` is [n, …], `ahead` is [n, knots, …]."""
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
        """Return the final output of the encoder's top layer, of both directions: [n, …]."""
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
    """The default: an LSTM over the past, an LSTM over the known features of the horizon."""


class BiLstm(Member):
    """Bidirectional LSTMs over the past and the horizon; the state cannot be carried on."""

    both_ways = True


class Gru(Member):
    """Gated recurrent units instead of LSTMs: a quarter fewer weights."""

    cell = nn.GRU

"""A member whose decoder looks back at single hours."""

import math

import torch
from torch import Tensor, nn

from gridcast.models.training.networks.recurrent import Lstm, Sizes, State


class AttentionLstm(Lstm):
    """An LSTM encoder and decoder whose head sees the hours that the decoder asks for.

    Its state holds what the encoder said at every hour, and so grows with each hour carried on.

    References
    ----------
    Luong, Pham, Manning: Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    grows = True

    def __init__(self, sizes: Sizes, hidden: int, layers: int, dropout: float) -> None:
        super().__init__(sizes, hidden, layers, dropout)
        self.query = nn.Linear(hidden, hidden, bias=False)

    def seen(self, hidden: int) -> int:
        """Give the width of what the head sees of the hours."""
        return hidden

    def encode(self, hours: Tensor, state: State | None = None) -> State:
        """Read hours; the state's last part is what was said at each: [n, hours, hidden]."""
        output, end = self._run(hours, state)
        said = output if state is None else torch.cat([state[-1], output], 1)
        return (*end, said)

    def look(self, output: Tensor, state: State) -> list[Tensor]:
        """Mix what was said at the hours, by how well each fits what is asked."""
        said = state[-1]
        fit = torch.matmul(self.query(output), said.transpose(1, 2)) / math.sqrt(said.shape[-1])
        return [torch.matmul(torch.softmax(fit, -1), said)]

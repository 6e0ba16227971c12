"""An LSTM member with attention over the single hours."""

import math

import torch
from torch import Tensor, nn

from gridcast.models.training.networks.recurrent import Lstm, Sizes, State


class AttentionLstm(Lstm):
    """An LSTM encoder and decoder with attention over the encoder's outputs.

    Its state holds the encoder's output at every hour, and so grows with each hour carried on.

    References
    ----------
    Luong, Pham, Manning: Effective Approaches to Attention-based Neural Machine Translation, 2015.
    """

    grows = True

    def __init__(self, sizes: Sizes, hidden: int, layers: int, dropout: float) -> None:
        super().__init__(sizes, hidden, layers, dropout)
        self.query = nn.Linear(hidden, hidden, bias=False)

    def seen(self, hidden: int) -> int:
        """Return the width of the attention's output."""
        return hidden

    def encode(self, hours: Tensor, state: State | None = None) -> State:
        """Encode hours; the state's last part is the output at each hour: [n, hours, hidden]."""
        output, end = self._run(hours, state)
        outputs = output if state is None else torch.cat([state[-1], output], 1)
        return (*end, outputs)

    def look(self, output: Tensor, state: State) -> list[Tensor]:
        """Return the encoder's outputs averaged by scaled dot-product attention."""
        outputs = state[-1]
        fit = torch.matmul(self.query(output), outputs.transpose(1, 2)) / math.sqrt(
            outputs.shape[-1]
        )
        return [torch.matmul(torch.softmax(fit, -1), outputs)]

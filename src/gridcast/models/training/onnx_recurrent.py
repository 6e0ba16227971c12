"""Recurrent layers as ONNX has them: one LSTM or GRU operator each, whatever its length.

torch's exporter traces recurrent layers as loops over hours and then looks for the operators behind
them: that takes half a minute and fails where a first state is given. Here the operators are named
outright, by `torch.onnx.ops.symbolic_multi_out`, the way it offers for this.
"""

from typing import Any

import torch
from torch import Tensor, nn

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
"""Where ONNX's gates are in torch's: input, output, forget, cell; update, reset, hidden."""
State = Tensor | tuple[Tensor, Tensor]


class OnnxRecurrent(nn.Module):
    """Stands for a recurrent layer while a graph is written; it cannot be run.

    Parameters
    ----------
    layer
        What it stands for: with samples first, as all of ours are.
    """

    def __init__(self, layer: nn.LSTM | nn.GRU) -> None:
        super().__init__()
        self.operator = "LSTM" if isinstance(layer, nn.LSTM) else "GRU"
        self.hidden_size = layer.hidden_size
        self.ways = 2 if layer.bidirectional else 1
        self.depth = layer.num_layers
        for number in range(self.depth):
            for name, value in self._weights(layer, number).items():
                self.register_buffer(f"{name}{number}", value)

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Give what the layer gives: outputs, samples first, and the state at the end."""
        length, samples = inputs.shape[1], inputs.shape[0]
        parts = 2 if self.operator == "LSTM" else 1
        begin = state if isinstance(state, tuple) else (state,) * parts
        attributes: dict[str, Any] = {"hidden_size": self.hidden_size}
        attributes["direction"] = "bidirectional" if self.ways == 2 else "forward"
        if self.operator == "GRU":
            attributes["linear_before_reset"] = 1
        output = inputs.transpose(0, 1)
        ends = []
        for number in range(self.depth):
            mine = slice(number * self.ways, (number + 1) * self.ways)
            ended = (self.ways, samples, self.hidden_size)
            whole, *end = torch.onnx.ops.symbolic_multi_out(
                self.operator,
                [
                    output,
                    *(getattr(self, f"{name}{number}") for name in ("W", "R", "B")),
                    None,
                    *(None if part is None else part[mine] for part in begin),
                ],
                attributes,
                dtypes=(inputs.dtype,) * (1 + parts),
                shapes=((length, self.ways, samples, self.hidden_size), *(ended,) * parts),
            )
            output = whole.transpose(1, 2).flatten(2)
            ends.append(end)
        last = [torch.cat([end[part] for end in ends]) for part in range(parts)]
        return output.transpose(0, 1), (last[0], last[1]) if parts == 2 else last[0]

    def _weights(self, layer: nn.LSTM | nn.GRU, number: int) -> dict[str, Tensor]:
        """Give a layer's weights, [ways, …], in ONNX's order of gates."""
        gates = GATES[self.operator]

        def ordered(name: str) -> Tensor:
            ends = ("", "_reverse")[: self.ways]
            every = [getattr(layer, f"{name}_l{number}{end}").detach() for end in ends]
            return torch.stack(
                [torch.cat([one.chunk(len(gates))[gate] for gate in gates]) for one in every]
            )

        biases = torch.cat([ordered("bias_ih"), ordered("bias_hh")], 1)
        return {"W": ordered("weight_ih"), "R": ordered("weight_hh"), "B": biases}


def with_operators(module: nn.Module) -> nn.Module:
    """Put operators in the place of all recurrent layers of a module; the module is changed."""
    for name, child in module.named_children():
        if isinstance(child, nn.LSTM | nn.GRU):
            setattr(module, name, OnnxRecurrent(child))
        else:
            with_operators(child)
    return module

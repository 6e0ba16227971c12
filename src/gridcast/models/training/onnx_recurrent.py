"""Export recurrent layers as single ONNX operators: one LSTM or GRU each, of any length.

torch's exporter traces recurrent layers as loops over hours and then looks for the operators behind
them. That takes half a minute and fails if an initial state is given. Here
`torch.onnx.ops.symbolic_multi_out` names the operators directly.
"""

from typing import Any

import torch
from torch import Tensor, nn

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
"""Position of ONNX's gates in torch's order: input, output, forget, cell; update, reset, hidden."""
State = Tensor | tuple[Tensor, Tensor]


class OnnxRecurrent(nn.Module):
    """A placeholder for a recurrent layer while a graph is exported; it cannot be run.

    Parameters
    ----------
    layer
        The batch-first layer that it replaces.
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
        """Return what the layer returns: outputs, batch first, and the final state."""
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
        """Return a layer's weights, [directions, …], in ONNX's order of gates."""
        gates = GATES[self.operator]

        def ordered(name: str) -> Tensor:
            ends = ("", "_reverse")[: self.ways]
            every = [getattr(layer, f"{name}_l{number}{end}").detach() for end in ends]
            return torch.stack(
                [torch.cat([weight.chunk(len(gates))[gate] for gate in gates]) for weight in every]
            )

        biases = torch.cat([ordered("bias_ih"), ordered("bias_hh")], 1)
        return {"W": ordered("weight_ih"), "R": ordered("weight_hh"), "B": biases}


def with_operators(module: nn.Module) -> nn.Module:
    """Replace all recurrent layers of a module by ONNX operators, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.LSTM | nn.GRU):
            setattr(module, name, OnnxRecurrent(child))
        else:
            with_operators(child)
    return module

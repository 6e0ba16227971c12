"""The graph in three parts, with a state that can be carried from hour to hour.

`encoder` returns the level and the members' states for a window. `step` takes these and one more
hour and returns the next states. `decoder` forecasts from states. Encoder and decoder make the
whole graph. The encoder and a step equal the encoder over one more hour, at the encoder's level.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gridcast.models.contract import Contract
from gridcast.models.seal import seal
from gridcast.models.training.export import check, example, write_graph
from gridcast.models.training.networks import ForecasterNetwork
from gridcast.models.training.networks.recurrent import State


@dataclass(frozen=True, slots=True)
class OneStep:
    """Three ONNX files, each with the contract of the whole."""

    encoder: bytes
    """load, past: scale [n, 1] kW, states."""
    step: bytes
    """mean [n, 1] kW of the next hour, past [n, 1, features] of it, scale, states: next states."""
    decoder: bytes
    """load, past, future, scale, states, static where there is one: quantiles."""
    states: int
    """Number of states: `state_0`, …; the step returns `next_0`, …"""


class Encoder(nn.Module):
    """From windows to states."""

    def __init__(self, forecaster: ForecasterNetwork) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(self, load: Tensor, past: Tensor) -> tuple[Tensor, ...]:
        """Return the windows' levels and the states of all members, one after the other."""
        scale, hours = self.forecaster.front.window(load, past)
        states = [member.encode(hours) for member in self.forecaster.each]
        return (scale, *(part for each in states for part in each))


class Step(nn.Module):
    """From states and an hour to the next states."""

    def __init__(self, forecaster: ForecasterNetwork) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(
        self, mean: Tensor, past: Tensor, scale: Tensor, state: list[Tensor]
    ) -> tuple[Tensor, ...]:
        """Encode one more hour: its mean load, kW, and its features."""
        front = self.forecaster.front
        hour = front.hours(front.normal(mean, scale), past)
        each = zip(self.forecaster.each, split(self.forecaster, state), strict=True)
        return tuple(part for member, own in each for part in member.encode(hour, own))


class Decoder(nn.Module):
    """From states to quantiles."""

    def __init__(self, forecaster: ForecasterNetwork) -> None:
        super().__init__()
        self.forecaster = forecaster

    def forward(
        self,
        load: Tensor,
        past: Tensor,
        future: Tensor,
        *,
        scale: Tensor,
        state: list[Tensor],
        static: Tensor | None = None,
    ) -> Tensor:
        """Return the same forecast as the whole graph."""
        scaled = self.forecaster.front(load, past, future, static, scale)
        return self.forecaster.finish(scaled, split(self.forecaster, state))


def split(forecaster: ForecasterNetwork, parts: list[Tensor]) -> list[State]:
    """Return the states grouped by member."""
    each = len(parts) // len(forecaster.members)
    return [tuple(parts[first : first + each]) for first in range(0, len(parts), each)]


def export_one_step(forecaster: ForecasterNetwork, contract: Contract) -> OneStep:
    """Return the three parts; raises if the network is bidirectional."""
    check(forecaster, contract)
    if forecaster.network.both_ways:
        raise ValueError("this network reads hours backwards too: it has no state to carry on")
    inputs = example(forecaster.spec)
    window = {name: inputs[name] for name in ("load", "past")}
    with torch.no_grad():
        scale, *states = Encoder(forecaster)(**window)
    each = len(states) // len(forecaster.members)
    growing = range(each - 1, len(states), each) if forecaster.network.grows else ()
    grows = {f"state_{at}" for at in growing}
    kept = {"scale": scale, "state": list(states)}
    hour = {"mean": inputs["load"][:, :1], "past": inputs["past"][:, :1]}
    given = [f"state_{at}" for at in range(len(states))]
    following = [f"next_{at}" for at in range(len(states))]
    whole = {**window, "future": inputs["future"], **kept}
    if forecaster.spec.static:
        whole["static"] = inputs["static"]
    return OneStep(
        seal(write_graph(Encoder(forecaster), window, ["scale", *given]), contract),
        seal(write_graph(Step(forecaster), {**hour, **kept}, following, grows), contract),
        seal(write_graph(Decoder(forecaster), whole, ["quantiles"], grows), contract),
        len(states),
    )

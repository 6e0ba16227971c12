"""A state that is carried from hour to hour."""

import numpy as np
import onnxruntime
import pytest
from support.contracts import contract_of
from support.training import MANY, UNIVARIATE, trained

pytest.importorskip("torch", reason="needs gridcast[train]")

import torch

from gridcast.models.training.fit import Fitting
from gridcast.models.training.one_step import (
    Decoder,
    Encoder,
    Step,
    export_one_step,
)

CARRIED = ("lstm", "gru", "attention-lstm")


def tensors(fitting: Fitting, count: int = 9) -> dict[str, torch.Tensor]:
    inputs = fitting._validation.batch(np.arange(count)).inputs
    return {name: torch.from_numpy(array) for name, array in inputs.feed().items()}


@torch.no_grad()
@pytest.mark.parametrize("name", CARRIED)
def test_the_encoder_and_a_step_are_the_encoder_over_an_hour_more(name: str) -> None:
    fitting = trained(MANY, name)
    forecaster, given = fitting.forecaster, tensors(fitting)
    front, hour = forecaster.front, MANY.hour
    scale, *state = Encoder(forecaster)(given["load"], given["past"])
    means = given["load"][:, -3 * hour :].reshape(-1, 3, hour).mean(-1)
    hours = given["past"][:, -3:]
    carried = state
    for at in range(3):
        carried = Step(forecaster)(means[:, [at]], hours[:, [at]], scale, list(carried))
    hourly = front.hourly(front.normal(given["load"], scale))
    longer = torch.cat([hourly, front.normal(means, scale)], 1)
    whole = front.hours(longer, torch.cat([given["past"], hours], 1))
    (member,) = forecaster.each
    for ours, wanted in zip(carried, member.encode(whole), strict=True):
        assert torch.allclose(ours, wanted, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("name", CARRIED)
def test_encoder_and_decoder_are_the_whole(name: str) -> None:
    fitting = trained(MANY, name)
    given = tensors(fitting)
    scale, *state = Encoder(fitting.forecaster)(given["load"], given["past"])
    parts = Decoder(fitting.forecaster)(**given, scale=scale, state=state)
    whole = fitting.forecaster(**given)
    assert (((parts - whole).abs() / scale[..., None]).max()) < 1e-6


def test_the_files_carry_the_state_as_torch_does() -> None:
    fitting = trained(MANY, "attention-lstm")
    given = tensors(fitting)
    files = export_one_step(fitting.forecaster, contract_of(MANY))
    arrays = {name: value.numpy() for name, value in given.items()}
    window = {name: arrays[name] for name in ("load", "past")}
    scale, *state = run(files.encoder, window)
    assert len(state) == files.states == 3
    named = {f"state_{at}": one for at, one in enumerate(state)}
    (quantiles,) = run(files.decoder, {**arrays, "scale": scale, **named})
    with torch.no_grad():
        told = fitting.forecaster(**given).numpy()
    assert (np.abs(quantiles - told) / scale[..., None]).max() < 1e-5
    hour = {"mean": arrays["load"][:, -2:].mean(1, keepdims=True), "past": arrays["past"][:, -1:]}
    following = run(files.step, {**hour, "scale": scale, **named})
    with torch.no_grad():
        wanted = Step(fitting.forecaster)(
            *(torch.from_numpy(one) for one in (*hour.values(), scale)),
            [torch.from_numpy(one) for one in state],
        )
    for ours, theirs in zip(following, wanted, strict=True):
        assert np.abs(ours - theirs.numpy()).max() < 1e-5
    assert following[2].shape[1] == state[2].shape[1] + 1
    again = {f"state_{at}": one for at, one in enumerate(following)}
    (later,) = run(files.decoder, {**arrays, "scale": scale, **again})
    assert np.isfinite(later).all()


def test_a_network_that_reads_backwards_has_no_state_to_carry() -> None:
    with pytest.raises(ValueError, match="backwards"):
        export_one_step(trained(UNIVARIATE, "bilstm").forecaster, contract_of(UNIVARIATE))


def run(data: bytes, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, feed)
    return outputs

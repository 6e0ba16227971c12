"""The models in the box: small networks, trained on real load of several countries.

They come with the package, so that a series without a trained model has a good forecast as soon as
its window is full. docs/explanation/model-in-the-box.md says how they were trained and how good
they are.

>>> from gridcast.models.network import Network
>>> Network.load(boxed(60), step_minutes=60).contract.features.horizon
24
"""

from pathlib import Path

from gridcast.stream.errors import UserError

_HERE = Path(__file__).parent


def boxed_steps() -> list[int]:
    """Return the steps in minutes that there is a model for."""
    return sorted(int(path.stem.removesuffix("min")) for path in _HERE.glob("*min.onnx"))


def boxed(step_minutes: int) -> bytes:
    """Return the model file for a step."""
    if step_minutes not in boxed_steps():
        steps = ", ".join(map(str, boxed_steps()))
        raise UserError(f"no model in the box has a step of {step_minutes} min; there are {steps}")
    return (_HERE / f"{step_minutes}min.onnx").read_bytes()

"""Training checkpoints as bytes."""

import io
from typing import Any

import torch


def to_bytes(state: dict[str, Any]) -> bytes:
    """Serialise a state of plain numbers, strings, lists and tensors."""
    whole = io.BytesIO()
    torch.save(state, whole)
    return whole.getvalue()


def from_bytes(data: bytes) -> dict[str, Any]:
    """Load a state onto the CPU. Only plain values and tensors are unpickled."""
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state

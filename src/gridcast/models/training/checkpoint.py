"""A training's state as bytes, to be kept in a file."""

import io
from typing import Any

import torch


def to_bytes(state: dict[str, Any]) -> bytes:
    """Write a state: plain numbers, strings, lists and tensors."""
    whole = io.BytesIO()
    torch.save(state, whole)
    return whole.getvalue()


def from_bytes(data: bytes) -> dict[str, Any]:
    """Read it, onto the CPU. Nothing but plain values and tensors is ever made of it."""
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state

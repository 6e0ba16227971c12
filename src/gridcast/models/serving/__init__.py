"""Which models serve at a tick, and their answers for the series of a partition."""

from gridcast.models.serving.selection import (
    EMPTY_CONTEXT,
    NO_MODELS,
    Challenger,
    LoadedRelease,
    ServingModels,
    TickContext,
)

__all__ = [
    "EMPTY_CONTEXT",
    "NO_MODELS",
    "Challenger",
    "LoadedRelease",
    "ServingModels",
    "TickContext",
]

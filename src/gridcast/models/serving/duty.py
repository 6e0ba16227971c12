"""Who answers at a tick."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from gridcast.models.network import Network

Kind = str | None
"""A kind of series ("meter", "feeder", …); None: all kinds that have none of their own."""
_Post = TypeVar("_Post")


@dataclass(frozen=True, slots=True, eq=False)
class LoadedRelease:
    """A release that answers."""

    model: str
    release: str
    network: Network


@dataclass(frozen=True, slots=True, eq=False)
class Challenger:
    """A challenger: it answers beside the champion, for some series, and is only scored."""

    in_use: LoadedRelease
    share: float
    """For how many of the series, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ServingModels:
    """Who answers at a tick: one object for all series, so no tick is answered by two models."""

    champions: Mapping[Kind, LoadedRelease] = field(default_factory=dict)
    challengers: Mapping[Kind, Challenger] = field(default_factory=dict)
    reason: str = "no model is served"
    """Why not the model, where there is no champion."""

    def champion(self, kind: str) -> LoadedRelease | None:
        """Give the model of a kind of series."""
        return _of(self.champions, kind)

    def challenger(self, kind: str) -> Challenger | None:
        """Give who answers in the shadow of the champion of a kind of series."""
        return _of(self.challengers, kind)

    @property
    def sees_weather(self) -> bool:
        """Whether any of these models reads the weather."""
        releases = [*self.champions.values(), *(one.in_use for one in self.challengers.values())]
        specs = [release.network.contract.features for release in releases]
        return any(spec.weather or spec.weather_ahead for spec in specs)


NO_MODELS = ServingModels()
"""There are no models: the rungs under them answer."""


def _of(posts: Mapping[Kind, _Post], kind: str) -> _Post | None:
    return posts[kind] if kind in posts else posts.get(None)

"""Who somebody is, and what they may do."""

from dataclasses import dataclass

from gridcast.schemas.gateway import Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who was let in."""

    who: str
    """Their name: what they do is done in it."""
    account: str
    """What their limits are counted by: the key, or the holder of the token."""
    scopes: frozenset[Scope]
    below: frozenset[str]
    """The subtrees that they see; empty: all."""
    connections: int
    requests_per_minute: int
    expires: float | None = None
    """When their token does, seconds since 1970; None: never."""


class AccessDenied(Exception):  # noqa: N818 - it is an answer, not a failure
    """Why somebody was not let in, in words that tell no secret."""

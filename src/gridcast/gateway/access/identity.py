"""An authenticated identity, with its scopes and limits."""

from dataclasses import dataclass

from gridcast.schemas.gateway import Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of an authenticated client."""

    who: str
    """The client's name, under which its actions are recorded."""
    account: str
    """Rate limits apply per account: per API key, or per token subject."""
    scopes: frozenset[Scope]
    below: frozenset[str]
    """The subtrees that the client may see; empty: all."""
    connections: int
    requests_per_minute: int
    expires: float | None = None
    """When the token expires, seconds since 1970; None: never."""


class AccessDenied(Exception):  # noqa: N818 - an answer to the client, not a failure
    """Access was denied. The message gives the reason and contains no secret."""

"""Close codes for programs, with reasons for people."""

from dataclasses import dataclass
from enum import IntEnum

MOST_REASON_BYTES = 123
"""Maximum size of the reason in a close frame (RFC 6455, 5.5)."""


class CloseCode(IntEnum):
    """The close codes. Ours are in the range for applications and end like HTTP's status codes."""

    RESTART = 1012
    """The gateway stops or restarts. Reconnect to any gateway and resume."""
    BAD_MESSAGE = 4400
    """The client sent something that is not a message of the protocol."""
    UNAUTHENTICATED = 4401
    """The credentials are missing, invalid or expired. Don't retry with the same ones."""
    FORBIDDEN = 4403
    """The credentials are valid, but don't allow reading."""
    LATE = 4408
    """The first message did not arrive in time."""
    TOO_SLOW = 4413
    """The client reads too slowly. Reconnect and resume."""
    TOO_MANY = 4429
    """Too many requests or connections of this key. Retry later."""
    UNAVAILABLE = 4503
    """The gateway has not read everything yet. Retry soon, or use another gateway."""


@dataclass(frozen=True, slots=True)
class Close:
    """The code and reason with which a connection is closed.

    >>> Close(CloseCode.TOO_SLOW, "ä" * 100).reason == "ä" * 61
    True
    """

    code: CloseCode
    text: str

    @property
    def reason(self) -> str:
        """The text, cut to what fits into a close frame."""
        return self.text.encode()[:MOST_REASON_BYTES].decode(errors="ignore")

"""Why a connection is closed: codes for programs, reasons for people."""

from dataclasses import dataclass
from enum import IntEnum

MOST_REASON_BYTES = 123
"""What fits into a close frame (RFC 6455, 5.5)."""


class CloseCode(IntEnum):
    """Our codes are in the range for applications; the last digits are those of HTTP."""

    RESTART = 1012
    """The gateway stops or starts again: connect again, to any gateway, and resume."""
    BAD_MESSAGE = 4400
    """What came is no message of the protocol."""
    UNAUTHENTICATED = 4401
    """No credentials, wrong ones, or they have expired. Do not try again with the same."""
    FORBIDDEN = 4403
    """Known, but not allowed to read."""
    LATE = 4408
    """The first message did not come in time."""
    TOO_SLOW = 4413
    """What is sent is not taken. Connect again and resume."""
    TOO_MANY = 4429
    """Too many requests or connections of this key. Try again later."""
    UNAVAILABLE = 4503
    """The gateway has not read everything yet. Try again soon, or another gateway."""


@dataclass(frozen=True, slots=True)
class Close:
    """How a connection ends.

    >>> Close(CloseCode.TOO_SLOW, "ä" * 100).reason == "ä" * 61
    True
    """

    code: CloseCode
    text: str

    @property
    def reason(self) -> str:
        """Give as much of the text as fits into a close frame."""
        return self.text.encode()[:MOST_REASON_BYTES].decode(errors="ignore")

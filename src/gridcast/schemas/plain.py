"""What the compiled decoders of readings and of frames share."""

import re
from typing import Annotated, Literal

import msgspec

from gridcast.schemas.fields import ID_CHARACTERS, ID_LENGTH

# The codes of `Quality`; a test holds the two together.
PlainQuality = Literal[0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
PlainRevision = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)
"""All that msgspec raises on bytes of any kind, or on None."""

_ID = f"{ID_CHARACTERS}{{1,{ID_LENGTH}}}"
_IDS = re.compile(f"{_ID}(?:\n{_ID})*", re.ASCII)


def are_ids(joined: str) -> bool:
    """Whether each line of a text is an identifier: one pass instead of one check each."""
    return _IDS.fullmatch(joined) is not None

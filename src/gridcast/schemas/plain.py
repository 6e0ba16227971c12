"""Types that the compiled decoders of readings and frames share."""

import re
from typing import Annotated, Literal

import msgspec

from gridcast.schemas.fields import ID_CHARACTERS, ID_LENGTH

# The codes of `Quality`; a test holds the two together.
PlainQuality = Literal[0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
PlainRevision = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError)
"""Every error that msgspec raises for arbitrary bytes or None."""

_ID = f"{ID_CHARACTERS}{{1,{ID_LENGTH}}}"
_IDS = re.compile(f"{_ID}(?:\n{_ID})*", re.ASCII)


def are_ids(joined: str) -> bool:
    """Return True if each line of a text is an identifier. One pass replaces a check per line."""
    return _IDS.fullmatch(joined) is not None

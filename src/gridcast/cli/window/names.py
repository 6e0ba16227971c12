"""What to say of a series that is not there."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from gridcast.stream.errors import UserError


def not_there(file: Path, series: str, names: Sequence[str]) -> UserError:
    """Make the error, with what may have been meant."""
    close = difflib.get_close_matches(series, names, 1)
    hint = f"; {close[0]!r} is" if close else f"; it has {', '.join(names[:10])}"
    return UserError(f"{file}: series {series!r} is not there{hint}")

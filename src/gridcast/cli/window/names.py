"""The error for an unknown series."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from gridcast.stream.errors import UserError


def not_there(file: Path, series: str, names: Sequence[str]) -> UserError:
    """Return the error, with similar names as suggestions."""
    close = difflib.get_close_matches(series, names, 1)
    hint = f"; {close[0]!r} is" if close else f"; it has {', '.join(names[:10])}"
    return UserError(f"{file}: series {series!r} is not there{hint}")

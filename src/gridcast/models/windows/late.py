"""Rules for late readings: what a reading may change after its slot was compacted.

A compacted slot is a mean and a mark; the readings it was made of are gone. Therefore
- if nothing was measured (or less than a tenth of the slot, from a reading that held over from the
  slot before), late readings are kept and determine the slot;
- if one reading at the slot's start made up the whole slot, as with interval meters, that reading
  is still known. A copy can be told from a correction, and the correction replaces it exactly;
- any other slot is sealed. A late reading for it might be a copy of one that the mean contains
  already, and nothing may count twice.
The decision depends on the slot as it was compacted, never on which late reading came first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.windows.column import Column
from gridcast.models.windows.marks import FULL, PLAIN
from gridcast.models.windows.minute import Minute
from gridcast.models.windows.trust import TRUST, Trust

REMAINS = FULL // 10
"""A compacted slot with at most this mark may be recomputed from late readings."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Late readings that may change their slot, and the number of those that may not."""

    minute: Minute
    sealed: int
    overruled: int
    """Copies of the one reading that the slot is made of, or readings of lower precedence."""


def admit(new: Minute, column: Column, at_start: bool) -> Admitted:
    """Return the readings that may change a compacted slot; `at_start`: its first minute."""
    base = column.at(new.row)
    plain = base.mark == PLAIN
    sealed = ~plain & (base.mark > REMAINS)
    overruled = np.zeros(len(new), bool)
    if at_start:
        # What a plain slot is made of has revision 0: of others the correction itself is kept.
        better = (new.revision > 0) | (
            (TRUST[new.quality] == Trust.MEASURED) & (new.value > base.mean)
        )
        overruled = plain & (new.offset_ms == 0) & ~better
    chosen = np.flatnonzero(~sealed & ~overruled)
    return Admitted(new.take(chosen), int(sealed.sum()), int(overruled.sum()))


def is_kept(minute: Minute, column: Column) -> npt.NDArray[np.bool_]:
    """Return which readings to keep when their slot is compacted: corrections."""
    mark = column.at(minute.row).mark
    kept: npt.NDArray[np.bool_] = (minute.revision > 0) & ((mark == PLAIN) | (mark <= REMAINS))
    return kept

"""Forecasts of challengers in shadow mode: scored like the champion's, but not published."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from gridcast.models.serving.partition_serving import ReleaseAtTick
from gridcast.models.serving.series_facts import SeriesFacts
from gridcast.models.verification import Forecasted
from gridcast.models.verification.checks import RUNGS
from gridcast.models.windows import Windows
from gridcast.models.windows.minute import Rows
from gridcast.schemas.forecast_columns import Maker
from gridcast.units import Floats

Correct = Callable[[Rows, npt.NDArray[np.intp], Floats], Floats]
"""Calibrates the quantiles of rows by their rungs."""
AT_ONCE = 2_048


def in_shadow(
    challenger: ReleaseAtTick,
    windows: Windows,
    facts: SeriesFacts,
    leads: Sequence[tuple[int, int]],
    correct: Correct,
) -> Forecasted:
    """Return a challenger's forecasts of its share of the series (at least one).

    They are calibrated by the champion's errors, as they would be if it took over now.
    """
    raw, issued, made_by, answered = [], [], [], []
    makers = tuple(challenger.makers())
    rungs = rungs_of(makers)
    rows = challenger.answers.rows
    for first in (np.unique(rows // AT_ONCE) * AT_ONCE).tolist():
        low, high = np.searchsorted(rows, [first, first + AT_ONCE])
        mine = rows[low:high]
        mean, mark = windows.cut(windows.spec.slots, slice(first, first + AT_ONCE))
        window = mean[:, mine - first], mark[:, mine - first]
        origin_ms = windows.closed * windows.spec.step_ms
        usable, quantiles = challenger.ask(mine, window, origin_ms, facts)
        mine = mine[usable]
        maker = challenger.made_by(mine)
        moved = correct(mine, rungs[maker], quantiles)
        at = [lead for _, lead in leads]
        raw.append(quantiles[:, :, at])
        issued.append(moved[:, :, at])
        made_by.append(maker)
        answered.append(mine)
    return Forecasted(
        leads,
        np.concatenate(raw).transpose(2, 0, 1),
        np.concatenate(issued).transpose(2, 0, 1),
        makers,
        np.concatenate(made_by),
        np.concatenate(answered),
    )


def rungs_of(makers: Sequence[Maker]) -> npt.NDArray[np.intp]:
    """Return the index in `RUNGS` of each forecaster's rung."""
    return np.array([RUNGS.index(maker.rung) for maker in makers])

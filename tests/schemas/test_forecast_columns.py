"""Forecasts by the thousand: the same bytes as one by one."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.schemas import ClosedBy, Forecast, Rung
from gridcast.schemas.bounds import NEVER
from gridcast.schemas.fields import ID_CHARACTERS
from gridcast.schemas.forecast_columns import ForecastColumns, Maker, to_the_watt

LATEST_MS = 7_258_118_399_999  # 2199-12-31T23:59:59.999Z
ids = st.from_regex(f"{ID_CHARACTERS}{{1,200}}", fullmatch=True)
times_ms = st.integers(0, LATEST_MS)
makers = st.builds(
    Maker,
    st.sampled_from(Rung),
    st.none() | st.text(max_size=200),
    st.none() | ids,
    st.none() | ids,
    st.none() | times_ms.map(lambda ms: datetime.fromtimestamp(ms // 1000, UTC)),
)
SMALL = [0.0, -0.0, 0.0005, -0.0004, 1e-9, 1e-45, 0.1, 1 / 3, 2.0005, 123.4565]
LARGE = [-99999.9995, 8388608.5, 16777216.125, 6.1e7, 1e12, 9.9999e14, 1e15, 1e16, -1e17, 1e30]
awkward = st.sampled_from([*SMALL, *LARGE])
kilowatts = awkward | st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw: st.DrawFn) -> ForecastColumns:
    rows, levels, steps = draw(st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(1, 5)))
    made = draw(st.lists(makers, min_size=1, max_size=3))
    size = rows * levels * steps
    values = draw(st.lists(kilowatts, min_size=size, max_size=size))
    named = draw(st.lists(ids, min_size=rows, max_size=rows))
    by = draw(st.lists(st.integers(0, len(made) - 1), min_size=rows, max_size=rows))
    newest = draw(st.lists(times_ms | st.just(NEVER), min_size=rows, max_size=rows))
    measured = draw(st.lists(st.floats(0, 1), min_size=rows, max_size=rows))
    return ForecastColumns(
        tick_ms=draw(times_ms) // 60_000 * 60_000,
        first_ms=draw(times_ms),
        step_minutes=draw(st.sampled_from([1, 5, 10, 15, 30, 60])),
        levels=tuple(
            sorted(draw(st.sets(st.floats(1e-6, 0.999), min_size=levels, max_size=levels)))
        ),
        closed_by=draw(st.sampled_from(ClosedBy)),
        series=named,
        quantiles=to_the_watt(np.array(values, np.float64).reshape(rows, levels, steps)),
        makers=tuple(made),
        made_by=np.array(by, np.uint8),
        newest_ms=np.array(newest, np.int64),
        measured=np.array(measured, np.float64),
    )


@given(columns())
@settings(deadline=None, max_examples=300)
def test_the_bytes_are_those_of_the_messages_one_by_one(batch: ForecastColumns) -> None:
    written = list(batch.messages())
    assert len(written) == len(batch)
    for row, (key, value) in enumerate(written):
        message = batch.message(row)
        assert value == message.to_bytes()
        assert key == message.key
        assert Forecast.from_bytes(value) == message


@given(st.lists(st.floats(-1e30, 1e30), min_size=1))
def test_rounding_twice_is_rounding_once(kilowatts: list[float]) -> None:
    once = to_the_watt(np.array(kilowatts))
    assert to_the_watt(once).tobytes() == once.tobytes()


@given(st.integers(-8_000_000, 8_000_000))
def test_a_watt_is_a_watt_up_to_megawatts(watts: int) -> None:
    rounded = to_the_watt(np.array([[[watts / 1000]]]))
    batch = plain(quantiles=rounded)
    (_, value) = next(batch.messages())
    assert json.loads(value)["quantiles"] == [[watts / 1000]]


def plain(**different: object) -> ForecastColumns:
    given: dict[str, object] = {
        "tick_ms": 1_767_268_020_000,
        "first_ms": 1_767_267_900_000,
        "step_minutes": 15,
        "levels": (0.5,),
        "closed_by": ClosedBy.WATERMARK,
        "series": ["m-1"],
        "quantiles": np.array([[[1.25, 3]]], np.float32),
        "makers": (Maker(Rung.SEASONAL_PROFILE, '북구: no "model" \\ \''),),
        "made_by": np.zeros(1, np.uint8),
        "newest_ms": np.array([1_767_268_019_123]),
        "measured": np.array([2 / 3]),
    }
    return ForecastColumns(**(given | different))  # type: ignore[arg-type]


def test_what_the_bytes_look_like() -> None:
    (_, value) = next(plain().messages())
    assert value.decode() == (
        '{"version":1,"series":"m-1","tick":"2026-01-01T11:47:00Z","first":"2026-01-01T11:45:00Z",'
        '"step_minutes":15,"levels":[0.5],"quantiles":[[1.25,3.0]],"rung":"seasonal-profile",'
        '"reason":"북구: no \\"model\\" \\\\ \'","model":null,"release":null,'
        '"closed_by":"watermark","newest_reading":"2026-01-01T11:46:59.123Z",'
        '"weather_issued_at":null,"measured":0.667}'
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_never_sent(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        list(plain(quantiles=np.array([[[1, value]]], np.float32)).messages())

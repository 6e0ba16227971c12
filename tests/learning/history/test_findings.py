from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridcast.learning.history import Mapping, Report, check_history, read_history
from gridcast.learning.history.report import MEANINGS, FindingKind
from gridcast.stream.errors import UserError

DAY = np.datetime64("2024-03-01T00:00")


def mapping(**load: Any) -> Mapping:
    series = load.pop("series", {})
    zone = load.pop("zone", "UTC")
    step = load.pop("step_minutes", 60)
    weather = load.pop("weather", {})
    return Mapping.model_validate(
        {
            "title": "t",
            "step_minutes": step,
            "time": {"column": "at", "zone": zone, "marks": "begin"},
            "load": {"unit": "kW", "series_column": "who", "value_column": "kw", **load},
            "series": series,
            "weather": weather,
        }
    )


def lines(hours: list[float], values: list[Any], who: str = "a") -> list[str]:
    return [
        f"{DAY + np.timedelta64(round(hour * 60), 'm')},{who},{value}"
        for hour, value in zip(hours, values, strict=True)
    ]


def day(hours: int = 48) -> list[str]:
    return lines([float(hour) for hour in range(hours)], [5 + hour % 24 for hour in range(hours)])


def checked(folder: Path, rows: list[str], how: Mapping, more: str = "") -> Report:
    path = folder / "history.csv"
    path.write_text("\n".join([f"at,who,kw{more}", *rows]) + "\n")
    return check_history(path, how)[1]


def example(report: Report, kind: FindingKind) -> str:
    found = {finding.kind: finding for finding in report.findings}
    assert kind in found, report.findings
    assert found[kind].strict == MEANINGS[kind].strict
    return f"{found[kind].count}: {found[kind].example}"


def test_a_clean_file_has_no_findings(tmp_path: Path) -> None:
    report = checked(tmp_path, day(), mapping())
    assert report.findings == []
    assert report.refusal is None
    assert (report.total.rows, report.total.readings, report.total.missing) == (48, 48, 0)


def test_repeated_rows_of_the_same_value_count_once(tmp_path: Path) -> None:
    report = checked(tmp_path, [*day(), day()[3], day()[3]], mapping())
    assert example(report, FindingKind.DUPLICATE).startswith("2: column kw, row 49, series a: 8 kW")
    assert (report.total.readings, report.total.duplicates) == (48, 2)


@pytest.mark.parametrize(
    ("policy", "value"), [("first", 8), ("last", 10), ("mean", 9), ("refuse", 8)]
)
def test_conflicting_rows_are_settled_as_the_mapping_says(
    tmp_path: Path, policy: str, value: float
) -> None:
    path = tmp_path / "history.csv"
    path.write_text("\n".join(["at,who,kw", *day(), *lines([3], [10])]))
    history, report = check_history(path, mapping(on_duplicates=policy))
    assert history.value[3] == value
    assert report.total.conflicts == 1
    assert bool(report.strict) == (policy == "refuse")


def test_a_conflict_is_refused_in_one_line_that_names_file_column_row_and_both_values(
    tmp_path: Path,
) -> None:
    path = tmp_path / "history.csv"
    path.write_text("\n".join(["at,who,kw", *day(), *lines([3], [10])]))
    with pytest.raises(UserError) as error:
        read_history(path, mapping())
    assert str(error.value).startswith(
        f"{path}, column kw, row 49, series a: 10 kW at 2024-03-01T03:00:00Z;"
        " before it 8 kW in row 4: "
    )
    assert "load.on_duplicates" in str(error.value)


@pytest.mark.parametrize(
    ("rows", "how", "kind", "said"),
    [
        (lines([48], ["NaN"]), {}, FindingKind.NOT_FINITE, "1: column kw, row 49"),
        (lines([48], ["-inf"]), {}, FindingKind.NOT_FINITE, "1: column kw, row 49"),
        (lines([48], [-3]), {}, FindingKind.NEGATIVE, "1: column kw, row 49, series a: -3 kW"),
        (lines([48], [41]), {"range": (0, 40)}, FindingKind.OUT_OF_RANGE, "1: column kw, row 49"),
        (
            lines([48], [41]),
            {"series": {"a": {"capacity_kw": 30}}},
            FindingKind.OUT_OF_RANGE,
            "1: column kw, row 49",
        ),
        (lines([48], [17_000]), {}, FindingKind.UNIT_JUMP, "1: column kw, row 49"),
        (lines([48], [0.017]), {}, FindingKind.UNIT_JUMP, "1: column kw, row 49"),
        (
            lines([48.0 + hour for hour in range(48)], [5000 + 1000 * (h % 24) for h in range(48)]),
            {},
            FindingKind.UNIT_JUMP,
            "1: column kw, row 49",
        ),
        (lines([47.5], [9]), {}, FindingKind.OFF_STEP, "1: column kw, row 49"),
        (
            lines([48 + hour / 4 for hour in range(24)], [9] * 24),
            {},
            FindingKind.MIXED_STEP,
            "1: column kw, row 49, series a: 15 min from 2024-03-03T00:00:00Z",
        ),
        (
            lines([50.0 + 2 * hour for hour in range(20)], [9] * 20),
            {},
            FindingKind.MIXED_STEP,
            "1: column kw, row 49, series a: 120 min",
        ),
        ([], {"step_minutes": 30}, FindingKind.WRONG_STEP, "60 min found, 30 min stated"),
        (
            lines([51], [9]),
            {},
            FindingKind.GAP,
            "1: series a: the longest is 4 h, after 2024-03-02T23:00",
        ),
        (lines([500], [9]), {}, FindingKind.MISSING, "1: series a: 90.2% is missing"),
        (
            lines([5], [9], "b") + lines([4], [9], "b"),
            {},
            FindingKind.UNORDERED,
            "1: column kw, row 50",
        ),
        ([], {"series": {"b": {}}}, FindingKind.ABSENT_SERIES, "1: column who: no row says 'b'"),
    ],
)
def test_what_is_wrong_is_found_at_its_row(
    tmp_path: Path, rows: list[str], how: dict[str, Any], kind: FindingKind, said: str
) -> None:
    report = checked(tmp_path, day() + rows, mapping(**how))
    assert said in example(report, kind)


@pytest.mark.parametrize("kind", [kind for kind in FindingKind if MEANINGS[kind].strict])
def test_every_refusal_says_what_accepting_it_does(kind: FindingKind) -> None:
    assert MEANINGS[kind].if_accepted


def test_an_accepted_finding_is_told_and_no_longer_refused(tmp_path: Path) -> None:
    report = checked(tmp_path, [*day(), *lines([48], [-3])], mapping(accept=["negative"]))
    assert [finding.kind for finding in report.findings] == [FindingKind.NEGATIVE]
    assert report.refusal is None
    assert report.total.least_kw == -3


def test_a_series_that_may_be_negative_is_not_found_so(tmp_path: Path) -> None:
    how = mapping(series={"a": {"can_be_negative": True}})
    assert checked(tmp_path, [*day(), *lines([48], [-3])], how).findings == []


def test_a_household_that_idles_and_cooks_is_no_slip_of_unit(tmp_path: Path) -> None:
    values = [0.008, 0.01, 0.009, 0.01, 2.5, 0.3] * 20
    report = checked(tmp_path, lines([float(h) for h in range(120)], values), mapping())
    assert report.findings == []


@pytest.mark.parametrize("net", [[40, 12, -8, -15, -30, 5], [40, 12, 0.01, 0.5, 30, 2]])
def test_a_load_that_passes_near_zero_is_no_slip_of_unit(tmp_path: Path, net: list[float]) -> None:
    how = mapping(series={"a": {"can_be_negative": True}})
    hours = [float(hour) for hour in range(120)]
    values = [0.00005 if hour == 77 else net[int(hour) % 6] for hour in hours]
    assert checked(tmp_path, lines(hours, values), how).findings == []


def test_steps_that_begin_off_the_whole_step_are_noted(tmp_path: Path) -> None:
    hours = [hour + 0.5 for hour in range(48)]
    report = checked(tmp_path, lines(hours, [5.0] * 48), mapping())
    assert example(report, FindingKind.SHIFTED_STEP).endswith("30 min after")


def test_the_hour_that_spring_skips_is_refused(tmp_path: Path) -> None:
    rows = [f"2024-03-31T0{hour}:00,a,1" for hour in range(5)]
    report = checked(tmp_path, rows, mapping(zone="Europe/Berlin"))
    assert "row 3, series a: 2024-03-31T02:00:00" in example(report, FindingKind.NONEXISTENT_TIME)
    assert report.total.readings == 4


def test_half_a_doubled_hour_is_refused(tmp_path: Path) -> None:
    rows = [f"2024-10-27T0{hour}:00,a,1" for hour in range(5)]
    report = checked(tmp_path, rows, mapping(zone="Europe/Berlin"))
    assert "row 3, series a: 2024-10-27T02:00:00" in example(report, FindingKind.UNCLEAR_FOLD)


def test_weather_that_cannot_be_is_found_and_taken_out(tmp_path: Path) -> None:
    station = {"available_after_minutes": 0, "temperature_c": {"column": "t", "unit": "C"}}
    rows = [f"{row},{285 if hour > 30 else 12}" for hour, row in enumerate(day())]
    report = checked(tmp_path, rows, mapping(weather={"w": station}), more=",t")
    assert "17: column t, row 32: 285 C" in example(report, FindingKind.WEATHER_OUT_OF_RANGE)
    assert report.weather[0].observations == 31


def test_an_instrument_that_overshoots_is_set_to_the_bound(tmp_path: Path) -> None:
    station = {"available_after_minutes": 0, "humidity_pct": {"column": "h", "unit": "fraction"}}
    path = tmp_path / "history.csv"
    path.write_text("\n".join(["at,who,kw,h", *(f"{row},1.004" for row in day())]))
    history, report = check_history(path, mapping(weather={"w": station}))
    assert report.findings == []
    assert set(history.weather["w"].variable("humidity_pct").tolist()) == {100}


def test_one_station_with_two_values_at_one_time_is_found(tmp_path: Path) -> None:
    station = {"available_after_minutes": 0, "temperature_c": {"column": "t", "unit": "C"}}
    rows = ["2024-03-01T00:00,a,1,10", "2024-03-01T00:00,b,1,12", "2024-03-01T00:00,c,1,"]
    report = checked(tmp_path, rows, mapping(weather={"w": station}), more=",t")
    assert "from 10 to 12" in example(report, FindingKind.WEATHER_CONFLICT)


def test_irregular_readings_need_no_step(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hours = np.cumsum(rng.uniform(0.1, 3, 200)).tolist()
    report = checked(tmp_path, lines(hours, [5.0] * 200), mapping(step_minutes=None))
    assert report.strict == []
    assert report.total.step_minutes is None
    assert report.total.missing_rate is None

from pathlib import Path

import pytest

from gridcast.learning.history import load_mapping
from gridcast.stream.errors import UserError

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "docs" / "howto" / "history").glob("*.toml"))
WIDE = """
title = "t"
step_minutes = 15
[time]
column = "at"
zone = "UTC"
marks = "begin"
[load]
unit = "kW"
[series.a]
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_mapping_is_valid(path: Path) -> None:
    mapping = load_mapping(path)
    assert mapping.title
    assert mapping.licence


def test_all_six_public_sets_have_a_mapping() -> None:
    names = {"germany", "households", "spain", "substations", "tetouan", "victoria"}
    assert {path.stem for path in SHIPPED} == names


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('marks = "begin"', 'marks = "middle"', "time.marks: Input should be 'begin' or 'end'"),
        ('marks = "begin"', "", "time.marks: is missing"),
        ('zone = "UTC"', 'zone = "Europe/Atlantis"', "time.zone: there is no time zone"),
        ('unit = "kW"', 'unit = "kVA"', "load.unit: "),
        ('unit = "kW"', 'unit = "kW"\nvalues = "x"', "load.values: Extra inputs"),
        ('unit = "kW"', 'unit = "kW"\nseries_column = "x"', "long form needs"),
        ("[series.a]", "", "one [series.ID] a column"),
        ("[series.a]", '[series.a]\ncolour = "red"', "series 'a': a series has no 'colour'"),
        ("[series.a]", "[series.a]\ncapacity_kw = -1", "series 'a': capacity_kw: "),
        ("[series.a]", '[series.a]\n[series.b]\nfound_as = "a"', "two series are found_as 'a'"),
        ("[series.a]", '[series."a b"]', "an identifier is"),
        (
            "[series.a]",
            "[series.a]\n[weather.w]\n",
            "weather.w.available_after_minutes: is missing",
        ),
        (
            "[series.a]",
            "[series.a]\n[weather.w]\ntemperature_c = { column = 't', unit = 'R' }",
            "weather.w.available_after_minutes: is missing",
        ),
    ],
)
def test_a_slip_in_a_mapping_is_one_line_that_names_the_place(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "m.toml"
    assert old in WIDE
    path.write_text(WIDE.replace(old, new))
    with pytest.raises(UserError) as error:
        load_mapping(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("unit", ["kW", "kWh"])
def test_what_needs_the_step_says_so(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "m.toml"
    marks = "end" if unit == "kW" else "begin"
    text = WIDE.replace("step_minutes = 15", "").replace('"kW"', f'"{unit}"')
    path.write_text(text.replace('"begin"', f'"{marks}"'))
    with pytest.raises(UserError, match="step_minutes"):
        load_mapping(path)


def test_a_mapping_that_is_absent_or_no_toml_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "m.toml").write_text("= 3")
    with pytest.raises(UserError, match="cannot be read"):
        load_mapping(tmp_path / "m.toml")

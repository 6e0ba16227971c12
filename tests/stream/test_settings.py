"""Settings: which source wins, where a value came from, and what is said when one is wrong."""

import os
from pathlib import Path

import pytest

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings, load, unknown_variables


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Away from any gridcast.toml, and without the settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GRIDCAST_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_every_setting_has_a_default_and_says_what_it_is() -> None:
    found = load()
    assert {str(origin) for origin in found.origins.values()} == {"default"}
    assert all(field.description for field in Settings.model_fields.values())


def test_flag_wins_over_environment_over_file_over_default(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "gridcast.toml").write_text('partitions = 2\nreplication = 2\nbroker = "file:1"\n')
    monkeypatch.setenv("GRIDCAST_PARTITIONS", "3")
    monkeypatch.setenv("GRIDCAST_BROKER", "environment:1")
    found = load({"broker": "flag:1", "topic_prefix": None})
    assert found.settings.broker == "flag:1"
    assert found.settings.partitions == 3
    assert found.settings.replication == 2
    assert found.settings.window_days == 8
    shown = {name: str(origin) for name, origin in found.origins.items()}
    assert shown["broker"] == "flag --broker"
    assert shown["partitions"] == "environment GRIDCAST_PARTITIONS"
    assert shown["replication"] == "file gridcast.toml"
    assert shown["topic_prefix"] == "default"


def test_live_there_is_a_forecast_every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load({"clock": "replay", "every_minutes": 15}).settings.every_minutes == 15
    monkeypatch.setenv("GRIDCAST_EVERY_MINUTES", "15")
    with pytest.raises(UserError, match=r"GRIDCAST_EVERY_MINUTES.* only with clock = replay"):
        load()


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_the_file_can_be_named(nowhere: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    file = nowhere / "site.toml"
    file.write_text("step_minutes = 5")
    if by == "environment":
        monkeypatch.setenv("GRIDCAST_CONFIG", str(file))
    found = load(file=file if by == "argument" else None)
    assert found.settings.step_minutes == 5
    assert str(found.origins["step_minutes"]) == f"file {file}"


def test_numbers_from_the_environment_are_read_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCAST_STEP_MINUTES", "30")
    monkeypatch.setenv("GRIDCAST_FUTURE_BOUND_S", "1.5")
    monkeypatch.setenv("GRIDCAST_LEVELS", "0.1, 0.5,0.9")
    settings = load().settings
    assert (settings.step_minutes, settings.future_bound_s) == (30, 1.5)
    assert settings.levels == (0.1, 0.5, 0.9)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("STEP_MINUTES", "7", "step_minutes (from environment GRIDCAST_STEP_MINUTES)"),
        ("PARTITIONS", "0", "partitions (from environment GRIDCAST_PARTITIONS)"),
        ("PARTITIONS", "four", "partitions (from environment GRIDCAST_PARTITIONS)"),
        ("BROKER", "localhost", "broker (from environment GRIDCAST_BROKER)"),
        ("FUTURE_BOUND_S", "nan", "future_bound_s (from environment GRIDCAST_FUTURE_BOUND_S)"),
        ("LEVELS", "half", "levels (from environment GRIDCAST_LEVELS)"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"GRIDCAST_{variable}", value)
    with pytest.raises(UserError) as raised:
        load()
    assert str(raised.value).startswith(said)
    assert f"not '{value}'" in str(raised.value).replace("not 7", "not '7'")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("partition = 3", "file gridcast.toml: there is no setting 'partition'"),
        ("partitions = ", "the settings file gridcast.toml cannot be read"),
        (b"\xff\xfe", "the settings file gridcast.toml cannot be read"),
    ],
    ids=["unknown name", "not TOML", "not UTF-8"],
)
def test_a_wrong_file_is_one_line(nowhere: Path, content: str | bytes, said: str) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (nowhere / "gridcast.toml").write_bytes(data)
    with pytest.raises(UserError, match=said) as raised:
        load()
    assert "\n" not in str(raised.value)


def test_a_named_file_that_is_not_there_is_an_error(nowhere: Path) -> None:
    with pytest.raises(UserError, match=r"missing\.toml is not there"):
        load(file=nowhere / "missing.toml")


def test_a_secret_is_shown_nowhere(nowhere: Path) -> None:
    (nowhere / "gridcast.toml").write_text('sasl_password = "hunter2"')
    found = load()
    assert "hunter2" not in repr(found) + str(found.settings) + found.model_dump_json()
    (nowhere / "gridcast.toml").write_text('sasl_password = ["hunter2"]')
    with pytest.raises(UserError) as raised:
        load()
    assert "hunter2" not in str(raised.value)


def test_a_misspelt_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDCAST_PARTITION", "3")
    assert unknown_variables() == ["GRIDCAST_PARTITION"]

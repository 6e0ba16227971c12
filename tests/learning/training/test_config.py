import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridcast.learning.training.config import (
    NAMES,
    Config,
    NetworkConfig,
    Training,
    load_config,
    parse_config,
    write_config,
)
from gridcast.stream.errors import UserError


def test_what_is_written_reads_back_as_the_same_config() -> None:
    config = Config()
    assert parse_config(write_config(config), "itself") == config


@given(
    lam=st.sampled_from(["off", "gcv", 0.5, 30.0]),
    weather=st.sampled_from(["found", (), ("temperature_c", "wind_ms")]),
    rate=st.floats(1e-9, 1e9),
    hidden=st.integers(4, 1024),
)
def test_any_config_reads_back(lam: object, weather: object, rate: float, hidden: int) -> None:
    config = Config.model_validate(
        {
            "features": {"lam": lam, "weather": weather},
            "training": {"learning_rate": rate},
            "network": {"hidden": hidden},
        }
    )
    assert parse_config(write_config(config), "itself") == config


def test_every_key_says_what_it_is_in_a_comment() -> None:
    text = write_config(Config())
    sections = tomllib.loads(text)
    lines = text.splitlines()
    for section, keys in sections.items():
        for key in keys:
            at = next(i for i, line in enumerate(lines) if line.startswith(f"{key} = "))
            assert lines[at - 1].startswith("# "), f"{section}.{key}"
    assert max(map(len, (line for line in lines if line.startswith("#")))) <= 100


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[network]\nhiden = 3", "there is no 'network.hiden'"),
        ("[nets]\nhidden = 3", "there is no 'nets'"),
        ("[network]\nhidden = 'many'", "network.hidden: Input should be a valid integer"),
        ("[network]\nname = 'transformer'", "network.name: should be one of lstm, bilstm"),
        ("[features]\nlam = -1", "features.lam: Input should be 'off' or 'gcv' or: "),
        ("[features]\nstatic = ['shoe_size']", "features.static: there is no 'shoe_size'"),
        ("[split]\ntrain = 0.9\nvalidation = 0.09", "less than 0.05 of the time to test"),
        ("[evaluation]\nlevels = [0.1, 0.9]", "levels must include 0.5"),
        ("[evaluation]\nlevels = [0.9, 0.5]", "levels must rise"),
        ("[search]\nhidden = [64, 32]", "search.hidden: from is more than to"),
        ("hidden = ", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_config_is_one_clear_line(text: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_config(text, "my.toml")
    assert line in str(caught.value)
    assert str(caught.value).startswith("my.toml")
    assert "\n" not in str(caught.value)


def test_a_config_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml is not there"):
        load_config(tmp_path / "nowhere.toml")


def test_without_a_file_the_defaults_hold() -> None:
    assert load_config(None) == Config()


def test_the_config_says_what_the_training_takes_by_default() -> None:
    reason = "needs gridcast[train]"
    networks = pytest.importorskip("gridcast.models.training.networks", reason=reason)
    settings = pytest.importorskip("gridcast.models.training.settings", reason=reason)
    assert set(NAMES) == set(networks.NETWORKS)
    assert settings.TrainingSettings(**Training().model_dump()) == settings.TrainingSettings()
    network = NetworkConfig().model_dump()
    named = {"network": network.pop("name"), **network}
    assert settings.Design(**named) == settings.Design()

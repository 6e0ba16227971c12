from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridcast.learning.training.config import Config
from gridcast.learning.training.dataset import Dataset, read_sources
from gridcast.learning.training.prepare import prepare
from gridcast.models.features import FeatureSpec
from gridcast.stream.errors import UserError

Make = Callable[..., Any]


def _config(**sections: dict[str, object]) -> Config:
    return Config.model_validate(sections)


def _read(config: Config, *made: Any) -> tuple[tuple[Dataset, ...], FeatureSpec]:
    sources = read_sources([one.file for one in made], [one.mapping for one in made])
    data = prepare(sources, config)
    return data.datasets, data.spec


def test_a_file_becomes_an_archive_split_by_time(make_history: Make) -> None:
    (dataset,), spec = _read(Config(), make_history(days=40, series=2))
    assert dataset.archive.mean.shape == (960, 2)
    assert (dataset.split.train.end, dataset.split.validation.end) == (672, 768)
    assert dataset.title == "town"
    assert len(dataset.digest) == 64
    assert spec.step_minutes == 60
    assert spec.weather == ("temperature_c",)
    assert not spec.day_of_year, "forty days teach nothing of a year"


def test_finer_readings_become_means_of_the_step_asked_for(make_history: Make) -> None:
    config = _config(features={"step_minutes": 60})
    (fine,), _ = _read(config, make_history(days=40, step=15))
    assert fine.archive.step_minutes == 60
    assert len(fine.archive) == 960


def test_files_of_several_steps_meet_at_the_coarsest(make_history: Make) -> None:
    datasets, spec = _read(Config(), make_history("a", step=15), make_history("b", step=30))
    assert spec.step_minutes == 30
    assert {one.archive.step_minutes for one in datasets} == {30}


def test_a_step_finer_than_the_readings_is_refused(make_history: Make) -> None:
    config = _config(features={"step_minutes": 15})
    with pytest.raises(UserError, match="would ask for what nobody measured"):
        _read(config, make_history(step=60))


def test_history_that_the_check_refuses_is_refused(make_history: Make) -> None:
    made = make_history()
    lines = made.file.read_text().splitlines()
    lines[5] = lines[5].replace(",s-0,", ",s-0,-")
    made.file.write_text("\n".join(lines))
    with pytest.raises(UserError, match="negative"):
        read_sources([made.file], [made.mapping])


def test_a_mapping_for_each_file_or_one_for_all(make_history: Make) -> None:
    made = make_history()
    with pytest.raises(UserError, match="1 files but 2 mappings"):
        read_sources([made.file], [made.mapping, made.mapping])
    with pytest.raises(UserError, match="titled 'town'"):
        read_sources([made.file, made.file], [made.mapping])


def test_too_short_a_history_says_which_part_is_too_short(make_history: Make) -> None:
    with pytest.raises(UserError, match="its validation part of 22 h is too short"):
        _read(Config(), make_history(days=9))


def test_weather_that_no_station_measured_is_refused(make_history: Make) -> None:
    config = _config(features={"weather": ["wind_ms"]})
    with pytest.raises(UserError, match="no station of the data measured wind_ms"):
        _read(config, make_history())


def test_the_operators_forecast_must_be_there_to_be_seen(make_history: Make) -> None:
    with pytest.raises(UserError, match="no mapping names an"):
        _read(_config(features={"operator": True}), make_history())


def test_the_operators_forecast_is_known_from_when_it_was_published(make_history: Make) -> None:
    made = make_history(
        step=30,
        mapping=(
            '[operator_forecast]\ncolumn = "load"\ndays_before = 1\nat = "10:00"\nzone = "UTC"\n'
        ),
    )
    config = _config(features={"operator": True, "step_minutes": 60})
    (dataset,), spec = _read(config, made)
    archive = dataset.archive
    assert spec.operator
    assert archive.operator is not None
    assert archive.operator_at_ms is not None
    np.testing.assert_allclose(archive.operator, archive.mean, rtol=1e-5)
    noon = 5 * 24 + 12
    assert (archive.begin_ms(np.array([noon])) - archive.operator_at_ms[noon]) / 3_600_000 == 26


def test_lam_is_chosen_from_what_is_trained_on(make_history: Make) -> None:
    made = make_history()
    _, chosen = _read(_config(features={"lam": "gcv"}), made)
    _, again = _read(_config(features={"lam": "gcv"}), made)
    assert chosen.lam == again.lam > 0
    _, off = _read(Config(), made)
    assert off.lam == 0


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.toml is not there"):
        read_sources([tmp_path / "x.csv"], [tmp_path / "nowhere.toml"])

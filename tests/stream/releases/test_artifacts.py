"""Artifacts are fetched once, kept under their digest, and are what is meant or none at all."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.s3 import put, s3_server

from gridcast.models.serving.selection import UnfitError
from gridcast.schemas import Unfit
from gridcast.stream.releases import artifacts as module
from gridcast.stream.releases import locations
from gridcast.stream.releases.artifacts import Artifacts, digest_of
from gridcast.stream.releases.box import boxed
from gridcast.stream.releases.locations import fetch, url_of

DATA = b"a model, as far as this goes"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a model%.onnx"
    file.write_bytes(DATA)
    return file


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server("models") as endpoint:
        yield endpoint


def unfit(url: str, folder: Path, digest: str = digest_of(DATA)) -> UnfitError:
    with pytest.raises(UnfitError) as caught:
        Artifacts(folder).get(url, digest)
    return caught.value


def test_a_file_is_fetched_once_and_then_kept(file: Path, folder: Path) -> None:
    url = url_of(str(file))
    assert url.startswith("file:///")
    assert Artifacts(folder).get(url, digest_of(DATA)) == DATA
    file.unlink()
    assert Artifacts(folder).get(url, digest_of(DATA)) == DATA
    assert [one.suffix for one in folder.iterdir()] == [".onnx"]


def test_what_was_altered_in_the_folder_is_fetched_again(
    file: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = url_of(str(file))
    Artifacts(folder).get(url, digest_of(DATA))
    (kept,) = folder.iterdir()
    kept.write_bytes(DATA[:-1])
    assert Artifacts(folder).get(url, digest_of(DATA)) == DATA
    assert kept.read_bytes() == DATA
    assert "fetching it again" in caplog.text


def test_what_is_not_the_artifact_that_is_meant_is_refused_and_not_kept(
    file: Path, folder: Path
) -> None:
    file.write_bytes(DATA[:-1])
    error = unfit(url_of(str(file)), folder)
    assert error.because is Unfit.DIGEST
    assert f"{len(DATA) - 1} bytes" in error.detail
    assert not folder.exists()


@pytest.mark.parametrize(
    ("url", "detail"),
    [
        ("file:///no/such/model.onnx", "no such file"),
        ("file:///dev/null", "not a file"),
        ("file://elsewhere/model.onnx", "file:///the/whole/path"),
        ("file:model.onnx", "file:///the/whole/path"),
        ("https://example.org/model.onnx", "fetched from file:, s3:, box: only"),
        ("s3://bucket", "s3://bucket/its/key"),
        ("box:7", "no model in the box has a step of 7 min"),
        ("box:hour", "say the step in minutes"),
    ],
)
def test_what_cannot_be_had_says_why(url: str, detail: str, folder: Path) -> None:
    error = unfit(url, folder)
    assert error.because is Unfit.UNREACHABLE
    assert detail in error.detail


def test_the_box_is_not_kept_twice(folder: Path) -> None:
    assert Artifacts(folder).get("box:15", digest_of(boxed(15))) == boxed(15)
    assert not folder.exists()


def test_what_is_too_large_is_not_read(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "MOST_BYTES", 10)
    error = unfit(url_of(str(file)), folder)
    assert (error.because, "28 bytes; at most 10" in error.detail) == (Unfit.TOO_LARGE, True)


def test_a_folder_that_cannot_be_written_costs_only_the_keeping(
    file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    assert Artifacts(blocked).get(url_of(str(file)), digest_of(DATA)) == DATA
    assert "cannot be cached" in caplog.text


def test_only_the_files_used_last_are_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    for number in range(4):
        file = tmp_path / f"{number}.onnx"
        file.write_bytes(bytes([number]))
        Artifacts(folder).get(url_of(str(file)), digest_of(bytes([number])))
        for place, kept in enumerate(sorted(folder.iterdir(), key=lambda one: one.read_bytes())):
            os.utime(kept, (place, place))
    assert sorted(one.read_bytes() for one in folder.iterdir()) == [b"\x02", b"\x03"]


def test_an_object_in_s3_is_fetched_over_http(s3: str, folder: Path) -> None:
    url = put("models", "north/a model.onnx", DATA)
    assert Artifacts(folder).get(url, digest_of(DATA)) == DATA
    assert fetch("s3://models/north/a%20model.onnx") == DATA


def test_an_object_that_is_not_there_or_too_large_is_one_line(
    s3: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = unfit("s3://models/none.onnx", folder)
    assert error.because is Unfit.UNREACHABLE
    assert "not found" in error.detail
    assert "<" not in error.detail
    url = put("models", "large.onnx", DATA)
    monkeypatch.setattr(locations, "MOST_BYTES", 10)
    assert unfit(url, folder).because is Unfit.TOO_LARGE


def test_a_bucket_that_is_away_is_said_within_seconds(
    s3: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = unfit("s3://models/model.onnx", folder)
    assert error.because is Unfit.UNREACHABLE
    assert "something" not in error.detail

"""Log lines: text for a terminal, JSON for those who collect them, each one line."""

import json
import logging
import logging.config
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gridcast.stream.observability.logs import Format, Level, configuration

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LOG = logging.getLogger("gridcast.test")


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """What the tests set is set back: other tests log as well."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def logged(capsys: pytest.CaptureFixture[str], how: Format = "text") -> list[str]:
    logging.config.dictConfig(configuration("info", how, run="a-run"))
    LOG.info("partition %s taken over", 3, extra={"partition": 3})
    LOG.debug("too much")
    logging.getLogger("faust").info("too much")
    try:
        int("two\nlines")
    except ValueError:
        LOG.exception("it broke", extra={"path": Path("somewhere")})
    return capsys.readouterr().err.splitlines()


def test_text_has_the_time_in_utc_first_and_no_more_than_the_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    first, *rest = logged(capsys)
    monkeypatch.undo()
    time.tzset()
    at, _, message = first.partition(" ")
    assert re.fullmatch(TIME, at)
    assert abs((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()) < 60
    assert message == "INFO gridcast.test: partition 3 taken over"
    assert "ERROR gridcast.test: it broke" in rest[0]


def test_json_is_one_object_a_line_with_run_worker_and_what_was_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, second = map(json.loads, logged(capsys, "json"))
    assert re.fullmatch(TIME, first.pop("time"))
    assert first.pop("worker").endswith(f"/{os.getpid()}")
    assert first == {
        "level": "info",
        "logger": "gridcast.test",
        "message": "partition 3 taken over",
        "run": "a-run",
        "partition": 3,
    }
    assert second["level"] == "error"
    assert second["path"] == "somewhere"
    assert second["error"].startswith("Traceback")
    assert second["error"].endswith(r"base 10: 'two\nlines'")


@pytest.mark.parametrize(("level", "shown"), [("debug", True), ("info", False), ("error", False)])
def test_at_debug_those_are_heard_too_who_talk_much(level: Level, shown: bool) -> None:
    logging.config.dictConfig(configuration(level))
    assert logging.getLogger("faust").isEnabledFor(logging.INFO) is shown


def test_a_format_that_is_none_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gridcast", "worker", "--log-format", "xml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "xml" in done.stderr


def test_aiokafka_says_the_same_once_a_minute_and_ours_are_all_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logging.config.dictConfig(configuration("info"))
    for number in range(3):
        logging.getLogger("aiokafka.client").error("no connection to %s", number)
        logging.getLogger("gridcast.kafka").warning("partition %s", number)
    told = capsys.readouterr().err
    assert (told.count("no connection to"), told.count("partition")) == (1, 3)

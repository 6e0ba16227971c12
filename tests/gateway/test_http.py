"""What the gateway's port answers to plain HTTP."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.gateway import forecast

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.identity import Identity
from gridcast.gateway.access.keys import new_key
from gridcast.gateway.entries import Entry, KafkaMessage, entry
from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.gateway.http import HttpResponse, Pages
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.past_loads import PastLoads
from gridcast.gateway.screen import ScreenFiles
from gridcast.gateway.snapshot_at import Moments
from gridcast.gateway.weather import WeatherCurves
from gridcast.schemas import GridSeries, Message, Reading, ReadingColumns, WeatherObservation
from gridcast.schemas.gateway import Scope, What
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

NOON_MS = 1_767_268_800_000
STEP_MS = 15 * 60_000


class Site:
    """Pages over a board with two series, and three people with keys."""

    def __init__(self, folder: Path) -> None:
        self.keys = {}
        entries = []
        for name, scopes, below in (
            ("reader", [Scope.READ], []),
            ("admin", [Scope.ADMIN], []),
            ("limited", [Scope.READ], ["f-1"]),
        ):
            self.keys[name], text = new_key(name, who=name, scopes=scopes, below=below)
            entries.append(text)
        (folder / "keys.toml").write_text("\n".join(entries))
        self.missing = ""
        self.may_ask = True
        self.board = LatestState()
        self.board.begin("e", dict.fromkeys(What, 1))
        self.past = PastLoads(STEP_MS, 4)
        self.said = ForecastHistory(STEP_MS, 4, (15, 60))
        self.weather = WeatherCurves(self.board.grid, STEP_MS, 4 * STEP_MS, 4 * STEP_MS)
        self.screen = folder / "screen"
        for what, message in (
            (What.SERIES, GridSeries(series="m-1", parent="f-1")),
            (What.SERIES, GridSeries(series="m-2", parent="f-2")),
            (What.FORECAST, forecast("m-1")),
            (What.FORECAST, forecast("m-2")),
            (What.READING, Reading(series="m-1", time=forecast("m").tick, value=2.5)),
        ):
            self.put(what, message)
        times = np.array([NOON_MS, NOON_MS + 60_000])
        none = np.zeros(2, np.uint8), np.zeros(2, np.int32)
        self.past.fold(ReadingColumns(["m-1"] * 2, times, np.array([1.0, 2.0]), *none), 0, times)
        self._gate = AccessGate(Settings(gateway_keys_file=folder / "keys.toml"))

    def put(self, what: What, message: Message) -> None:
        made = entry(what, KafkaMessage(0, 0, 0, message.key, message.to_bytes()), 10_000)
        assert isinstance(made, Entry)
        self.board.take(made)

    def ask(
        self,
        target: str,
        who: str | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        pages = Pages(
            board=self.board,
            past=self.past,
            said=self.said,
            weather=self.weather,
            moments=Moments(Settings(), self.board),
            step_minutes=15,
            silent_minutes=20,
            gate=self._gate,
            screen=ScreenFiles(self.screen if self.screen.exists() else None),
            registry=GatewayMetrics("1.0", "r").registry,
            why_not_ready=lambda: self.missing,
            may_ask=self.judge,
        )
        given = {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}
        return asyncio.run(pages.answer(method, target, given | dict(headers or {})))

    async def judge(self, _: Identity) -> bool:
        return self.may_ask


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_health_and_readiness_are_for_everybody(site: Site):
    assert site.ask("/healthz").status == 200
    assert site.ask("/readyz").status == 200
    site.missing = "being read: load.forecasts"
    assert site.ask("/healthz").status == 200
    answer = site.ask("/readyz")
    assert (answer.status, answer.body) == (503, b"being read: load.forecasts\n")
    assert site.ask("/v1/series", "reader").status == 503


def test_a_forecast_is_the_message_of_kafka(site: Site):
    answer = site.ask("/v1/forecast?series=m-1", "reader")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body == forecast("m-1").to_bytes()


def test_a_forecast_as_csv_has_a_line_a_slot_and_a_column_a_level(site: Site):
    answer = site.ask("/v1/forecast?series=m-1&format=csv", "reader")
    lines = answer.body.decode().split("\r\n")
    assert lines[:2] == ["time,kw_0.05,kw_0.5,kw_0.95", "2026-01-01T12:00:00Z,0,1,2"]
    assert lines[4:] == ["2026-01-01T12:45:00Z,0.375,1.375,2.375", ""]


def test_the_past_is_the_mean_of_each_slot(site: Site):
    past = json.loads(site.ask("/v1/past?series=m-1", "reader").body)
    assert (past["time"], past["mean"]) == (["2026-01-01T12:00:00Z"], [1.5])
    assert past["newest"]["value"] == 2.5
    answer = site.ask("/v1/past?series=m-1&format=csv", "reader")
    assert answer.body == b"time,mean_kw\r\n2026-01-01T12:00:00Z,1.5\r\n"


@pytest.mark.parametrize(
    ("target", "who", "status"),
    [
        ("/v1/forecast?series=m-1", None, 401),
        ("/v1/forecast?series=m-1", "admin", 403),
        ("/v1/forecast", "reader", 400),
        ("/v1/forecast?series=m-1&format=xml", "reader", 400),
        ("/v1/forecast?series=nowhere", "reader", 404),
        ("/v1/forecast?series=%00%ff", "reader", 404),
        ("/v1/past?series=m-2", "reader", 404),
        ("/metrics", None, 401),
        ("/metrics", "reader", 403),
        ("/metrics", "admin", 200),
        ("/nowhere", None, 404),
        ("/../keys.toml", None, 404),
        ("/%2e%2e/keys.toml", None, 404),
        ("//etc/passwd", None, 404),
    ],
)
def test_what_is_not_to_be_had_has_its_status(
    site: Site, target: str, who: str | None, status: int
):
    assert site.ask(target, who).status == status


def test_a_wrong_key_is_told_how_to_show_a_right_one(site: Site):
    answer = site.ask("/v1/series", headers={"Authorization": "Bearer gridcast_wrong"})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert site.ask("/v1/series", headers={"Authorization": "Basic eA=="}).status == 401


def test_whoever_is_limited_sees_their_subtree_and_of_the_rest_not_even_that_it_is_there(
    site: Site,
):
    assert [one["series"] for one in json.loads(site.ask("/v1/series", "limited").body)] == ["m-1"]
    assert len(json.loads(site.ask("/v1/series", "reader").body)) == 2
    assert site.ask("/v1/forecast?series=m-1", "limited").status == 200
    hidden = site.ask("/v1/forecast?series=m-2", "limited")
    missing = site.ask("/v1/forecast?series=m-9", "limited")
    assert hidden.status == missing.status == 404
    assert hidden.body.replace(b"m-2", b"m-9") == missing.body


def test_too_many_requests_are_turned_away(site: Site):
    site.may_ask = False
    assert site.ask("/v1/series", "reader").status == 429
    assert site.ask("/healthz").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(site: Site, method: str):
    assert site.ask("/v1/series", "reader", method).status == 405


def test_where_the_screen_is_not_built_a_page_says_so(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gridcast.gateway.screen.BUILT", tmp_path / "none")
    answer = site.ask("/")
    assert answer.status == 200
    assert b"The screen is not built" in answer.body
    assert b"gateway_screen_dir" in answer.body


def test_a_built_screen_is_served_packed_where_it_can_be(site: Site):
    (site.screen / "assets").mkdir(parents=True)
    (site.screen / "index.html").write_text("<!doctype html>")
    script = site.screen / "assets" / "main-1a2b.js"
    script.write_text("alert(1)")
    script.with_name("main-1a2b.js.gz").write_bytes(gzip.compress(b"alert(1)"))
    page = site.ask("/")
    assert (page.body, page.headers["Cache-Control"]) == (b"<!doctype html>", "no-cache")
    assert page.content_type == "text/html; charset=utf-8"
    plain = site.ask("/assets/main-1a2b.js")
    assert plain.body == b"alert(1)"
    assert "immutable" in plain.headers["Cache-Control"]
    packed = site.ask("/assets/main-1a2b.js", headers={"Accept-Encoding": "gzip, br"})
    assert gzip.decompress(packed.body) == b"alert(1)"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "javascript" in packed.content_type


def test_a_folder_without_a_screen_is_one_clear_line(tmp_path: Path):
    with pytest.raises(UserError, match=r"holds no index\.html"):
        ScreenFiles(tmp_path)


def test_what_was_said_before_is_told(site: Site):
    assert json.loads(site.ask("/v1/said?series=m-1", "reader").body)["time"] == []
    site.said.note(forecast("m-1").to_bytes())
    told = json.loads(site.ask("/v1/said?series=m-1", "reader").body)
    assert told["ahead_minutes"] == [15, 60]
    assert told["time"] == ["2026-01-01T12:00:00Z", "2026-01-01T12:45:00Z"]
    assert told["median"] == [[1.0, None], [None, 1.375]]
    assert site.ask("/v1/said?series=m-2", "limited").status == 404


def test_the_temperature_is_that_of_the_series_station_by_the_grids_own_time(site: Site):
    noon = forecast("m-1").tick
    told = json.loads(site.ask("/v1/temperature?series=m-1", "reader").body)
    assert (told["station"], told["time"], told["unit"]) == (None, [], "°C")
    for minutes, degrees in ((-30, 1.0), (0, 2.0)):
        at = noon + timedelta(minutes=minutes)
        site.weather.take(
            WeatherObservation(station="s", time=at, available_at=at, temperature_c=degrees)
        )
    site.said.note(forecast("m-1").to_bytes())
    told = json.loads(site.ask("/v1/temperature?series=m-1", "reader").body)
    assert (told["station"], told["at"], told["issued_at"]) == ("s", "2026-01-01T12:00:00Z", None)
    assert told["time"] == ["2026-01-01T11:30:00Z", "2026-01-01T11:45:00Z"]
    assert (told["measured"], told["forecast"]) == ([1.25, 1.75], [None, None])
    before = json.loads(
        site.ask("/v1/temperature?series=m-1&at=2026-01-01T11:59:00Z", "reader").body
    )
    assert before["time"] == []
    assert site.ask("/v1/temperature?series=m-1&at=noon", "reader").status == 400
    assert site.ask("/v1/temperature?series=m-2", "limited").status == 404


def test_how_many_feeds_are_alive_is_told_by_the_grids_own_time(site: Site):
    at = np.array([NOON_MS - 3_600_000, NOON_MS])
    none = np.zeros(2, np.uint8), np.zeros(2, np.int32)
    site.past.fold(ReadingColumns(["m-2", "m-3"], at, np.ones(2), *none), 0, at)
    told = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (told["known"], told["alive"], told["silent_after_minutes"]) == (3, 2, 20)
    assert told["silent"] == [{"series": "m-2", "since": "2026-01-01T11:00:00Z"}]
    site.said.note(forecast("m-1", minute=30).to_bytes())
    told = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (told["time"], told["alive"]) == ("2026-01-01T12:30:00Z", 0)
    # Who may see one subtree is told of no other.
    told = json.loads(site.ask("/v1/feeds", "limited").body)
    assert told["known"] == 1
    assert [one["series"] for one in told["silent"]] == ["m-1"]


def test_before_any_reading_no_feed_is_known(site: Site):
    site.past = PastLoads(STEP_MS, 4)
    told = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (told["time"], told["known"], told["alive"], told["silent"]) == (None, 0, 0, [])


@pytest.mark.parametrize("at", ["", "yesterday", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_moment_is_a_time_of_the_last_days(site: Site, at: str):
    assert site.ask(f"/v1/moment?at={at}", "reader").status == 400
    assert site.ask("/v1/moment", "admin").status == 403

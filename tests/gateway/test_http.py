"""The gateway's HTTP endpoints."""

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
from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.gateway.http import HttpEndpoints
from gridcast.gateway.http_response import HttpResponse
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.past_loads import PastLoads
from gridcast.gateway.screen import ScreenFiles
from gridcast.gateway.snapshot_at import SnapshotReader
from gridcast.gateway.weather import WeatherCurves
from gridcast.schemas import GridSeries, Message, Reading, ReadingColumns, WeatherObservation
from gridcast.schemas.gateway import Scope, What
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

NOON_MS = 1_767_268_800_000
STEP_MS = 15 * 60_000


class Site:
    """HTTP endpoints with two series, and three identities with keys."""

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
        self.allow_request = True
        self.state = LatestState()
        self.state.begin("e", dict.fromkeys(What, 1))
        self.past_loads = PastLoads(STEP_MS, 4)
        self.forecast_history = ForecastHistory(STEP_MS, 4, (15, 60))
        self.weather = WeatherCurves(self.state.grid, STEP_MS, 4 * STEP_MS, 4 * STEP_MS)
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
        self.past_loads.fold(
            ReadingColumns(["m-1"] * 2, times, np.array([1.0, 2.0]), *none), 0, times
        )
        self._gate = AccessGate(Settings(gateway_keys_file=folder / "keys.toml"))

    def put(self, what: What, message: Message) -> None:
        entry = read_entry(what, KafkaMessage(0, 0, 0, message.key, message.to_bytes()), 10_000)
        assert isinstance(entry, Entry)
        self.state.take(entry)

    def ask(
        self,
        target: str,
        who: str | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        endpoints = HttpEndpoints(
            state=self.state,
            past_loads=self.past_loads,
            forecast_history=self.forecast_history,
            weather=self.weather,
            snapshots=SnapshotReader(Settings(), self.state),
            step_minutes=15,
            silent_minutes=20,
            gate=self._gate,
            screen=ScreenFiles(self.screen if self.screen.exists() else None),
            registry=GatewayMetrics("1.0", "r").registry,
            why_not_ready=lambda: self.missing,
            allow_request=self.judge,
        )
        given = {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}
        return asyncio.run(endpoints.answer(method, target, given | dict(headers or {})))

    async def judge(self, _: Identity) -> bool:
        return self.allow_request


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_health_and_readiness_are_for_everybody(site: Site) -> None:
    assert site.ask("/healthz").status == 200
    assert site.ask("/readyz").status == 200
    site.missing = "being read: load.forecasts"
    assert site.ask("/healthz").status == 200
    answer = site.ask("/readyz")
    assert (answer.status, answer.body) == (503, b"being read: load.forecasts\n")
    assert site.ask("/v1/series", "reader").status == 503


def test_a_forecast_is_the_message_of_kafka(site: Site) -> None:
    answer = site.ask("/v1/forecast?series=m-1", "reader")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body == forecast("m-1").to_bytes()


def test_a_forecast_as_csv_has_a_line_a_slot_and_a_column_a_level(site: Site) -> None:
    answer = site.ask("/v1/forecast?series=m-1&format=csv", "reader")
    lines = answer.body.decode().split("\r\n")
    assert lines[:2] == ["time,kw_0.05,kw_0.5,kw_0.95", "2026-01-01T12:00:00Z,0,1,2"]
    assert lines[4:] == ["2026-01-01T12:45:00Z,0.375,1.375,2.375", ""]


def test_the_past_is_the_mean_of_each_slot(site: Site) -> None:
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
def test_a_refused_request_has_its_status(
    site: Site, target: str, who: str | None, status: int
) -> None:
    assert site.ask(target, who).status == status


def test_a_wrong_key_is_answered_with_how_to_authenticate(site: Site) -> None:
    answer = site.ask("/v1/series", headers={"Authorization": "Bearer gridcast_wrong"})
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert site.ask("/v1/series", headers={"Authorization": "Basic eA=="}).status == 401


def test_a_limited_client_sees_its_subtree_and_cannot_tell_that_there_is_more(
    site: Site,
) -> None:
    assert [
        declared["series"] for declared in json.loads(site.ask("/v1/series", "limited").body)
    ] == ["m-1"]
    assert len(json.loads(site.ask("/v1/series", "reader").body)) == 2
    assert site.ask("/v1/forecast?series=m-1", "limited").status == 200
    hidden = site.ask("/v1/forecast?series=m-2", "limited")
    missing = site.ask("/v1/forecast?series=m-9", "limited")
    assert hidden.status == missing.status == 404
    assert hidden.body.replace(b"m-2", b"m-9") == missing.body


def test_too_many_requests_are_refused(site: Site) -> None:
    site.allow_request = False
    assert site.ask("/v1/series", "reader").status == 429
    assert site.ask("/healthz").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(site: Site, method: str) -> None:
    assert site.ask("/v1/series", "reader", method).status == 405


def test_if_the_screen_is_not_built_a_page_says_so(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridcast.gateway.screen.BUILT", tmp_path / "none")
    answer = site.ask("/")
    assert answer.status == 200
    assert b"The screen is not built" in answer.body
    assert b"gateway_screen_dir" in answer.body


def test_a_built_screen_is_served_gzipped_if_possible(site: Site) -> None:
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


def test_a_folder_without_a_screen_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no index\.html"):
        ScreenFiles(tmp_path)


def test_the_forecast_history_has_the_medians_of_former_forecasts(site: Site) -> None:
    target = "/v1/forecast-history?series=m-1"
    assert json.loads(site.ask(target, "reader").body)["time"] == []
    site.forecast_history.note(forecast("m-1").to_bytes())
    answer = site.ask(target, "reader")
    history = json.loads(answer.body)
    assert history["ahead_minutes"] == [15, 60]
    assert history["time"] == ["2026-01-01T12:00:00Z", "2026-01-01T12:45:00Z"]
    assert history["median"] == [[1.0, None], [None, 1.375]]
    assert "Deprecation" not in answer.headers
    assert site.ask("/v1/forecast-history?series=m-2", "limited").status == 404


@pytest.mark.parametrize(("who", "status"), [("reader", 200), ("admin", 403), (None, 401)])
def test_the_former_address_gives_the_same_answer_marked_as_deprecated(
    site: Site, who: str | None, status: int
) -> None:
    site.forecast_history.note(forecast("m-1").to_bytes())
    former = site.ask("/v1/said?series=m-1", who)
    answer = site.ask("/v1/forecast-history?series=m-1", who)
    assert (former.status, former.body) == (answer.status, answer.body)
    assert former.status == status
    assert former.headers == dict(answer.headers) | {
        "Deprecation": "@1796083200",
        "Link": '<forecast-history>; rel="successor-version"',
    }


def test_the_temperature_is_of_the_series_station_as_of_the_newest_tick(site: Site) -> None:
    noon = forecast("m-1").tick
    curve = json.loads(site.ask("/v1/temperature?series=m-1", "reader").body)
    assert (curve["station"], curve["time"], curve["unit"]) == (None, [], "°C")
    for minutes, degrees in ((-30, 1.0), (0, 2.0)):
        at = noon + timedelta(minutes=minutes)
        site.weather.take(
            WeatherObservation(station="s", time=at, available_at=at, temperature_c=degrees)
        )
    site.forecast_history.note(forecast("m-1").to_bytes())
    curve = json.loads(site.ask("/v1/temperature?series=m-1", "reader").body)
    assert (curve["station"], curve["at"], curve["issued_at"]) == (
        "s",
        "2026-01-01T12:00:00Z",
        None,
    )
    assert curve["time"] == ["2026-01-01T11:30:00Z", "2026-01-01T11:45:00Z"]
    assert (curve["measured"], curve["forecast"]) == ([1.25, 1.75], [None, None])
    before = json.loads(
        site.ask("/v1/temperature?series=m-1&at=2026-01-01T11:59:00Z", "reader").body
    )
    assert before["time"] == []
    assert site.ask("/v1/temperature?series=m-1&at=noon", "reader").status == 400
    assert site.ask("/v1/temperature?series=m-2", "limited").status == 404


def test_silence_is_measured_up_to_the_newest_tick(site: Site) -> None:
    at = np.array([NOON_MS - 3_600_000, NOON_MS])
    none = np.zeros(2, np.uint8), np.zeros(2, np.int32)
    site.past_loads.fold(ReadingColumns(["m-2", "m-3"], at, np.ones(2), *none), 0, at)
    feeds = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (feeds["known"], feeds["alive"], feeds["silent_after_minutes"]) == (3, 2, 20)
    assert feeds["silent"] == [{"series": "m-2", "since": "2026-01-01T11:00:00Z"}]
    site.forecast_history.note(forecast("m-1", minute=30).to_bytes())
    feeds = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (feeds["time"], feeds["alive"]) == ("2026-01-01T12:30:00Z", 0)
    # A client that is limited to one subtree gets no other.
    feeds = json.loads(site.ask("/v1/feeds", "limited").body)
    assert feeds["known"] == 1
    assert [declared["series"] for declared in feeds["silent"]] == ["m-1"]


def test_before_any_reading_there_are_no_feeds(site: Site) -> None:
    site.past_loads = PastLoads(STEP_MS, 4)
    feeds = json.loads(site.ask("/v1/feeds", "reader").body)
    assert (feeds["time"], feeds["known"], feeds["alive"], feeds["silent"]) == (None, 0, 0, [])


@pytest.mark.parametrize("at", ["", "yesterday", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_a_snapshot_is_of_a_time_of_the_last_days(site: Site, at: str) -> None:
    assert site.ask(f"/v1/moment?at={at}", "reader").status == 400
    assert site.ask("/v1/moment", "admin").status == 403

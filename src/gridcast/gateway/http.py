"""The gateway's HTTP endpoints: health, metrics, data of one series, files of the screen.

They turn a request into a response and have no socket.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.identity import AccessDenied, Identity
from gridcast.gateway.access.keys import PREFIX
from gridcast.gateway.csv import forecast_csv, past_csv
from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.gateway.http_response import (
    JSON,
    HttpError,
    HttpResponse,
    csv_response,
    data_response,
    deprecated,
    error_response,
    file_response,
    is_packed,
    packed_response,
    takes_gzip,
    text_response,
    unpacked,
)
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.past_loads import PastLoads
from gridcast.gateway.screen import ScreenFiles
from gridcast.gateway.silence import feeds_alive
from gridcast.gateway.snapshot_at import BACK_MS, SnapshotReader, SnapshotUnavailable
from gridcast.gateway.weather import WeatherCurves
from gridcast.schemas import Forecast, Reading
from gridcast.schemas.gateway import Authenticate, Scope, What
from gridcast.schemas.gateway.http import RecentPast, SaidBefore, Temperatures
from gridcast.schemas.times import millisecond
from gridcast.units import Floats, utc_time

SOCKET_PATH = "/v1"
DEPRECATED = {"/v1/said": ("@1796083200", "forecast-history")}
"""Deprecated addresses: since when (1 December 2026), and the address that replaces each."""

Query = Mapping[str, str]
"""The last value of each parameter of a request."""
Route = Callable[[Query, Identity], HttpResponse | Awaitable[HttpResponse]]


class HttpEndpoints:
    """Answers HTTP requests.

    Parameters
    ----------
    state
        The newest message of every kind and key.
    past_loads
        The recent readings of every series.
    forecast_history
        The former forecasts of every series.
    weather
        The temperatures of all stations.
    snapshots
        Reads the state as of an earlier time.
    step_minutes
        Width of a slot of `past_loads`.
    silent_minutes
        A series without readings for longer is silent.
    gate
        Checks credentials.
    screen
        The files of the screen.
    registry
        The metrics.
    why_not_ready
        Returns what the gateway has not read yet, or an empty text.
    allow_request
        Counts a request of an account and returns True if it is within the limit.
    """

    def __init__(
        self,
        *,
        state: LatestState,
        past_loads: PastLoads,
        forecast_history: ForecastHistory,
        weather: WeatherCurves,
        snapshots: SnapshotReader,
        step_minutes: int,
        silent_minutes: float,
        gate: AccessGate,
        screen: ScreenFiles,
        registry: CollectorRegistry,
        why_not_ready: Callable[[], str],
        allow_request: Callable[[Identity], Awaitable[bool]],
    ) -> None:
        self._state = state
        self._past_loads = past_loads
        self._forecast_history = forecast_history
        self._weather = weather
        self._snapshots = snapshots
        self._step_minutes = step_minutes
        self._silent_minutes = silent_minutes
        self._gate = gate
        self._screen = screen
        self._registry = registry
        self._why_not_ready = why_not_ready
        self._allow_request = allow_request
        self._routes: dict[str, Route] = {
            "/metrics": self._metrics,
            "/v1/series": self._series,
            "/v1/forecast": self._forecast,
            "/v1/past": self._recent_past,
            "/v1/forecast-history": self._former_forecasts,
            "/v1/said": self._former_forecasts,
            "/v1/temperature": self._temperature,
            "/v1/feeds": self._feeds,
            "/v1/moment": self._snapshot_at,
        }

    async def answer(self, method: str, target: str, headers: Mapping[str, str]) -> HttpResponse:
        """Return the response to one request."""
        url = urlsplit(target)
        try:
            response = await self._answer(method, url.path, url.query, headers)
        except HttpError as error:
            response = error_response(error)
        if url.path in DEPRECATED:
            return deprecated(response, *DEPRECATED[url.path])
        return response

    async def _answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> HttpResponse:
        if method not in {"GET", "HEAD"}:
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD are answered")
        if path == "/healthz":
            return text_response("alive")
        if path == "/readyz":
            return self._readiness()
        route = self._routes.get(path)
        if route is None:
            return self._file(path, headers)
        parameters = {name: values[-1] for name, values in parse_qs(query).items()}
        result = route(parameters, await self._identify(headers))
        response = result if isinstance(result, HttpResponse) else await result
        if is_packed(response) and not takes_gzip(headers):
            return await asyncio.to_thread(unpacked, response)
        return response

    def _readiness(self) -> HttpResponse:
        missing = self._why_not_ready()
        if missing:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, missing)
        return text_response("ready")

    async def _identify(self, headers: Mapping[str, str]) -> Identity:
        scheme, _, secret = headers.get("Authorization", "").partition(" ")
        secret = secret.strip() if scheme.lower() == "bearer" else ""
        credentials = Authenticate()
        if secret.startswith(PREFIX):
            credentials = Authenticate(key=secret[:200])
        elif secret:
            credentials = Authenticate(token=secret[:8_192])
        try:
            identity = self._gate.identify(credentials)
        except AccessDenied as denial:
            raise HttpError(HTTPStatus.UNAUTHORIZED, str(denial)) from None
        if not await self._allow_request(identity):
            raise HttpError(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests; try again in a minute"
            )
        return identity

    def _metrics(self, _: Query, identity: Identity) -> HttpResponse:
        if Scope.ADMIN not in identity.scopes:
            raise HttpError(HTTPStatus.FORBIDDEN, "metrics need the scope `admin`")
        return data_response(generate_latest(self._registry), CONTENT_TYPE_LATEST)

    def _series(self, _: Query, identity: Identity) -> HttpResponse:
        self._check_may_read(identity)
        declarations = [
            entry.value
            for entry in self._state.all(What.SERIES)
            if self._can_see(identity, entry.key)
        ]
        return data_response(b"[" + b",".join(declarations) + b"]", JSON)

    def _forecast(self, query: Query, identity: Identity) -> HttpResponse:
        series = self._requested_series(query, identity)
        entries = self._state.about(What.FORECAST, series)
        if not entries:
            raise HttpError(HTTPStatus.NOT_FOUND, f"there is no forecast of {series[:200]!r}")
        value = entries[0].value
        if _wants_csv(query):
            return csv_response(forecast_csv(Forecast.from_bytes(value)), "forecast")
        return data_response(value, JSON)

    def _recent_past(self, query: Query, identity: Identity) -> HttpResponse:
        series = self._requested_series(query, identity)
        slots = self._past_loads.of(series)
        newest = self._state.about(What.READING, series)
        if not slots and not newest:
            raise HttpError(HTTPStatus.NOT_FOUND, f"there are no readings of {series[:200]!r}")
        past = RecentPast(
            series=series,
            step_minutes=self._step_minutes,
            time=[utc_time(time_ms) for time_ms, _ in slots],
            mean=[mean for _, mean in slots],
            newest=Reading.from_bytes(newest[0].value) if newest else None,
        )
        if _wants_csv(query):
            return csv_response(past_csv(past), "past")
        return data_response(past.to_bytes(), JSON)

    def _former_forecasts(self, query: Query, identity: Identity) -> HttpResponse:
        series = self._requested_series(query, identity)
        history = self._forecast_history
        slots = history.of(series)
        medians = [list(row) for row in zip(*(values for _, values in slots), strict=True)]
        answer = SaidBefore(
            series=series,
            step_minutes=self._step_minutes,
            ahead_minutes=list(history.ahead_minutes),
            time=[utc_time(time_ms) for time_ms, _ in slots],
            median=medians or [[] for _ in history.ahead_minutes],
        )
        return data_response(answer.to_bytes(), JSON)

    def _temperature(self, query: Query, identity: Identity) -> HttpResponse:
        series = self._requested_series(query, identity)
        tick_ms = self._forecast_history.tick_ms
        now_ms = round(time.time() * 1000) if tick_ms is None else tick_ms
        at_ms = _time_ms(query["at"]) if "at" in query else now_ms
        curve = self._weather.of(series, at_ms)
        answer = Temperatures(
            series=series,
            station=curve.station,
            step_minutes=self._step_minutes,
            at=utc_time(at_ms),
            issued_at=None if curve.issued_ms is None else utc_time(curve.issued_ms),
            time=[utc_time(time_ms) for time_ms in curve.time_ms.tolist()],
            measured=_rounded(curve.measured),
            forecast=_rounded(curve.forecast),
        )
        return data_response(answer.to_bytes(), JSON)

    def _feeds(self, _: Query, identity: Identity) -> HttpResponse:
        self._check_may_read(identity)
        visible: set[str] | None = None
        if identity.below:
            visible = {series for top in identity.below for series in self._state.subtree(top)}
        tick_ms = self._forecast_history.tick_ms
        answer = feeds_alive(self._past_loads, tick_ms, self._silent_minutes, visible)
        return data_response(answer.to_bytes(), JSON)

    async def _snapshot_at(self, query: Query, identity: Identity) -> HttpResponse:
        self._check_may_read(identity)
        at_ms = _time_ms(query.get("at", ""))
        if not 0 <= time.time() * 1000 - at_ms <= BACK_MS:
            raise HttpError(HTTPStatus.BAD_REQUEST, "at: a time within the last 8 days")

        def can_see(series: str) -> bool:
            return self._can_see(identity, series)

        try:
            snapshot = await self._snapshots.at(at_ms, can_see, query.get("series"))
        except SnapshotUnavailable as error:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None
        return packed_response(snapshot, JSON)

    def _requested_series(self, query: Query, identity: Identity) -> str:
        self._check_may_read(identity)
        series = query.get("series", "")
        if not series:
            raise HttpError(HTTPStatus.BAD_REQUEST, "which series? add ?series=NAME")
        # A hidden series gets the same answer as a missing one, so that it reveals nothing.
        if not self._can_see(identity, series):
            raise HttpError(HTTPStatus.NOT_FOUND, f"nothing is known of {series[:200]!r}")
        return series

    def _can_see(self, identity: Identity, series: str) -> bool:
        return not identity.below or not identity.below.isdisjoint(self._state.path(series))

    def _check_may_read(self, identity: Identity) -> None:
        if Scope.READ not in identity.scopes:
            raise HttpError(HTTPStatus.FORBIDDEN, "it needs the scope `read`")
        if missing := self._why_not_ready():
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, missing)

    def _file(self, path: str, headers: Mapping[str, str]) -> HttpResponse:
        file = self._screen.file(path)
        if file is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return file_response(file, takes_gzip=takes_gzip(headers))


def _time_ms(text: str) -> int:
    # A plus sign of a query string arrives as a space.
    milliseconds = millisecond(text.replace(" ", "+"))
    if milliseconds is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "at: a time such as 2026-11-21T14:00:00Z")
    return milliseconds


def _rounded(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 2) for value in values.tolist()]


def _wants_csv(query: Query) -> bool:
    form = query.get("format", "json")
    if form not in {"json", "csv"}:
        raise HttpError(HTTPStatus.BAD_REQUEST, f"format is json or csv, not {form[:20]!r}")
    return form == "csv"

"""What the gateway's port answers to plain HTTP: pages, health, metrics, and a series to read.

It takes a request and gives an answer, and knows no socket.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import numpy as np
import numpy.typing as npt
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gridcast.gateway.access.gate import AccessGate
from gridcast.gateway.access.identity import Identity, NotLetIn
from gridcast.gateway.access.keys import PREFIX
from gridcast.gateway.csv import forecast_csv, past_csv
from gridcast.gateway.forecast_history import ForecastHistory
from gridcast.gateway.latest_state import LatestState
from gridcast.gateway.past_loads import PastLoads
from gridcast.gateway.screen import ALWAYS_ASK, File, ScreenFiles
from gridcast.gateway.silence import feeds_alive
from gridcast.gateway.snapshot_at import BACK_MS, Away, Moments
from gridcast.gateway.weather import WeatherCurves
from gridcast.schemas import Forecast, Reading
from gridcast.schemas.gateway import Authenticate, Scope, What
from gridcast.schemas.gateway.http import RecentPast, SaidBefore, Temperatures
from gridcast.schemas.times import millisecond

SOCKET_PATH = "/v1"
TEXT, JSON, CSV = "text/plain; charset=utf-8", "application/json", "text/csv; charset=utf-8"
NEVER_KEPT = "no-store"
PACKED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
}


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What is answered."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[Mapping[str, str], Identity], HttpResponse | Awaitable[HttpResponse]]


class HttpError(Exception):
    """A request that is not answered as asked."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Pages:
    """Answers requests.

    Parameters
    ----------
    board, past
        What is known.
    said
        What was forecast before.
    weather
        What is known of the stations.
    moments
        Look up how things stood.
    step_minutes
        Width of a slot of the past.
    silent_minutes
        Without readings for longer, a series is silent.
    gate
        Lets people in.
    screen
        The files of the screen.
    registry
        The metrics.
    why_not_ready
        Says what is missing before the gateway does its work, or nothing.
    may_ask
        Counts a request of somebody; tells whether they may have it.
    """

    def __init__(
        self,
        *,
        board: LatestState,
        past: PastLoads,
        said: ForecastHistory,
        weather: WeatherCurves,
        moments: Moments,
        step_minutes: int,
        silent_minutes: float,
        gate: AccessGate,
        screen: ScreenFiles,
        registry: CollectorRegistry,
        why_not_ready: Callable[[], str],
        may_ask: Callable[[Identity], Awaitable[bool]],
    ) -> None:
        self._board = board
        self._past = past
        self._said = said
        self._weather = weather
        self._step_minutes = step_minutes
        self._silent_minutes = silent_minutes
        self._gate = gate
        self._screen = screen
        self._registry = registry
        self._why_not_ready = why_not_ready
        self._may_ask = may_ask
        self._moments = moments
        self._routes: dict[str, Route] = {
            "/metrics": self._metrics,
            "/v1/series": self._series,
            "/v1/forecast": self._forecast,
            "/v1/past": self._recent_past,
            "/v1/said": self._said_before,
            "/v1/temperature": self._temperature,
            "/v1/feeds": self._feeds,
            "/v1/moment": self._moment,
        }

    async def answer(self, method: str, target: str, headers: Mapping[str, str]) -> HttpResponse:
        """Answer one request."""
        url = urlsplit(target)
        try:
            return await self._answer(method, url.path, url.query, headers)
        except HttpError as refusal:
            extra = {"Cache-Control": NEVER_KEPT}
            if refusal.status is HTTPStatus.UNAUTHORIZED:
                extra["WWW-Authenticate"] = "Bearer"
            return HttpResponse(refusal.status, f"{refusal.text}\n".encode(), headers=extra)

    async def _answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> HttpResponse:
        if method not in {"GET", "HEAD"}:
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "everything here is only read")
        if path == "/healthz":
            return _text("alive")
        if path == "/readyz":
            return self._readiness()
        route = self._routes.get(path)
        if route is None:
            return self._file(path, headers)
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        found = route(given, await self._who(headers))
        answer = found if isinstance(found, HttpResponse) else await found
        if PACKED.items() <= answer.headers.items() and not _takes_gzip(headers):
            return await asyncio.to_thread(_unpacked, answer)
        return answer

    def _readiness(self) -> HttpResponse:
        missing = self._why_not_ready()
        if missing:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, missing)
        return _text("ready")

    async def _who(self, headers: Mapping[str, str]) -> Identity:
        kind, _, given = headers.get("Authorization", "").partition(" ")
        given = given.strip() if kind.lower() == "bearer" else ""
        asked = Authenticate()
        if given.startswith(PREFIX):
            asked = Authenticate(key=given[:200])
        elif given:
            asked = Authenticate(token=given[:8_192])
        try:
            identity = self._gate.judge(asked)
        except NotLetIn as why:
            raise HttpError(HTTPStatus.UNAUTHORIZED, str(why)) from None
        if not await self._may_ask(identity):
            raise HttpError(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests; try again in a minute"
            )
        return identity

    def _metrics(self, _: Mapping[str, str], who: Identity) -> HttpResponse:
        if Scope.ADMIN not in who.scopes:
            raise HttpError(HTTPStatus.FORBIDDEN, "metrics need the scope `admin`")
        return _data(generate_latest(self._registry), CONTENT_TYPE_LATEST)

    def _series(self, _: Mapping[str, str], who: Identity) -> HttpResponse:
        self._may_read(who)
        found = [
            entry.value
            for entry in self._board.all(What.SERIES)
            if not who.below or not who.below.isdisjoint(self._board.way(entry.key))
        ]
        return _data(b"[" + b",".join(found) + b"]", JSON)

    def _forecast(self, query: Mapping[str, str], who: Identity) -> HttpResponse:
        series = self._named(query, who)
        known = self._board.about(What.FORECAST, series)
        if not known:
            raise HttpError(HTTPStatus.NOT_FOUND, f"there is no forecast of {series[:200]!r}")
        value = known[0].value
        if _wants_csv(query):
            return _csv(forecast_csv(Forecast.from_bytes(value)), "forecast")
        return _data(value, JSON)

    def _recent_past(self, query: Mapping[str, str], who: Identity) -> HttpResponse:
        series = self._named(query, who)
        slots = self._past.of(series)
        newest = self._board.about(What.READING, series)
        if not slots and not newest:
            raise HttpError(HTTPStatus.NOT_FOUND, f"there are no readings of {series[:200]!r}")
        past = RecentPast(
            series=series,
            step_minutes=self._step_minutes,
            time=[_moment(time_ms) for time_ms, _ in slots],
            mean=[mean for _, mean in slots],
            newest=Reading.from_bytes(newest[0].value) if newest else None,
        )
        if _wants_csv(query):
            return _csv(past_csv(past), "past")
        return _data(past.to_bytes(), JSON)

    def _said_before(self, query: Mapping[str, str], who: Identity) -> HttpResponse:
        series = self._named(query, who)
        slots = self._said.of(series)
        said = SaidBefore(
            series=series,
            step_minutes=self._step_minutes,
            ahead_minutes=list(self._said.ahead_minutes),
            time=[_moment(time_ms) for time_ms, _ in slots],
            median=[list(row) for row in zip(*(values for _, values in slots), strict=True)]
            or [[] for _ in self._said.ahead_minutes],
        )
        return _data(said.to_bytes(), JSON)

    def _temperature(self, query: Mapping[str, str], who: Identity) -> HttpResponse:
        series = self._named(query, who)
        now_ms = round(time.time() * 1000) if self._said.tick_ms is None else self._said.tick_ms
        at_ms = _time_ms(query["at"]) if "at" in query else now_ms
        told = self._weather.of(series, at_ms)
        found = Temperatures(
            series=series,
            station=told.station,
            step_minutes=self._step_minutes,
            at=_moment(at_ms),
            issued_at=None if told.issued_ms is None else _moment(told.issued_ms),
            time=[_moment(time_ms) for time_ms in told.time_ms.tolist()],
            measured=_known(told.measured),
            forecast=_known(told.forecast),
        )
        return _data(found.to_bytes(), JSON)

    def _feeds(self, _: Mapping[str, str], who: Identity) -> HttpResponse:
        self._may_read(who)
        visible = (
            {one for top in who.below for one in self._board.below(top)} if who.below else None
        )
        found = feeds_alive(self._past, self._said.tick_ms, self._silent_minutes, visible)
        return _data(found.to_bytes(), JSON)

    async def _moment(self, query: Mapping[str, str], who: Identity) -> HttpResponse:
        self._may_read(who)
        at_ms = _time_ms(query.get("at", ""))
        if not 0 <= time.time() * 1000 - at_ms <= BACK_MS:
            raise HttpError(HTTPStatus.BAD_REQUEST, "at: a moment of the last 8 days")

        def sees(series: str) -> bool:
            return not who.below or not who.below.isdisjoint(self._board.way(series))

        try:
            found = await self._moments.at(at_ms, sees, query.get("series"))
        except Away as why:
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, str(why)) from None
        return HttpResponse(HTTPStatus.OK, found, JSON, {"Cache-Control": ALWAYS_ASK} | PACKED)

    def _named(self, query: Mapping[str, str], who: Identity) -> str:
        self._may_read(who)
        series = query.get("series", "")
        if not series:
            raise HttpError(HTTPStatus.BAD_REQUEST, "which series? add ?series=NAME")
        # What somebody may not see is not there: the answer tells nothing of it.
        if who.below and who.below.isdisjoint(self._board.way(series)):
            raise HttpError(HTTPStatus.NOT_FOUND, f"nothing is known of {series[:200]!r}")
        return series

    def _may_read(self, who: Identity) -> None:
        if Scope.READ not in who.scopes:
            raise HttpError(HTTPStatus.FORBIDDEN, "it needs the scope `read`")
        if missing := self._why_not_ready():
            raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, missing)

    def _file(self, path: str, headers: Mapping[str, str]) -> HttpResponse:
        file = self._screen.file(path)
        if file is None:
            raise HttpError(HTTPStatus.NOT_FOUND, "there is nothing here")
        return _file_answer(file, takes_gzip=_takes_gzip(headers))


def _takes_gzip(headers: Mapping[str, str]) -> bool:
    return "gzip" in headers.get("Accept-Encoding", "")


def _unpacked(answer: HttpResponse) -> HttpResponse:
    """Give an answer as it is for who does not take it packed."""
    extra = dict(answer.headers)
    del extra["Content-Encoding"]
    return replace(answer, body=gzip.decompress(answer.body), headers=extra)


def _file_answer(file: File, *, takes_gzip: bool) -> HttpResponse:
    extra = {"Cache-Control": file.cache, "Vary": "Accept-Encoding"}
    if takes_gzip and file.packed is not None:
        return HttpResponse(HTTPStatus.OK, file.packed, file.content_type, extra | PACKED)
    return HttpResponse(HTTPStatus.OK, file.body, file.content_type, extra)


def _time_ms(text: str) -> int:
    # In an address, a plus is a space.
    found = millisecond(text.replace(" ", "+"))
    if found is None:
        raise HttpError(HTTPStatus.BAD_REQUEST, "at: a time such as 2026-11-21T14:00:00Z")
    return found


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def _known(values: npt.NDArray[np.float32]) -> list[float | None]:
    return [None if np.isnan(one) else round(one, 2) for one in values.tolist()]


def _wants_csv(query: Mapping[str, str]) -> bool:
    form = query.get("format", "json")
    if form not in {"json", "csv"}:
        raise HttpError(HTTPStatus.BAD_REQUEST, f"format is json or csv, not {form[:20]!r}")
    return form == "csv"


def _text(text: str) -> HttpResponse:
    return HttpResponse(HTTPStatus.OK, f"{text}\n".encode(), headers={"Cache-Control": NEVER_KEPT})


def _data(body: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(HTTPStatus.OK, body, content_type, {"Cache-Control": ALWAYS_ASK})


def _csv(text: str, name: str) -> HttpResponse:
    named = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(HTTPStatus.OK, text.encode(), CSV, {"Cache-Control": ALWAYS_ASK} | named)

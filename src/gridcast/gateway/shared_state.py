"""The state that gateways share through Redis, and that other programs can read there.

- `PREFIXgridcast:forecast:SERIES`: the newest forecast, as on `load.forecasts`; it expires.
- `PREFIXgridcast:connections:ACCOUNT`: the connections of an account at all gateways. Each expires
  unless it is renewed, so those of a killed gateway disappear.
- `PREFIXgridcast:requests:ACCOUNT:MINUTE`: the requests of an account to all gateways.
- `PREFIXgridcast:writer`: the gateway that writes the forecasts; one is enough.

Without Redis a gateway runs degraded: it reports that, and counts on its own. No call waits longer
than `ANSWER_WITHIN_S` for Redis, and while Redis is down it is not called.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any
from uuid import uuid4

from gridcast.gateway.access.identity import Identity
from gridcast.gateway.entries import Entry
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.schemas.gateway import What
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.gateway")
ANSWER_WITHIN_S = 0.5
LOOK_EVERY_S = 1.0
AT_ONCE = 500
RENEWED_WITHIN_S = 30.0
LEASE_MS = 5_000

_ENTER = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[1], 60000)
return 1
"""
_LEASE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class SharedState:
    """The state that this gateway shares with the others.

    Parameters
    ----------
    settings
        The deployment's settings; without a `redis_url` nothing is shared.
    metrics
        Show whether Redis answers.
    """

    def __init__(self, settings: Settings, metrics: GatewayMetrics) -> None:
        self.is_up = False
        self._settings = settings
        self._metrics = metrics
        self._gateway_id = uuid4().hex
        self._connections: dict[str, str] = {}
        """The account of each connection of this gateway."""
        self._renewed_at = 0.0
        self._forecasts: OrderedDict[str, Entry] = OrderedDict()
        self._redis: Any = None
        self._redis_errors: tuple[type[Exception], ...] = (OSError, TimeoutError)
        if settings.redis_url is not None:
            # Imported only if it is used: it takes a third of a gateway's import time.
            from redis.asyncio import Redis  # noqa: PLC0415
            from redis.exceptions import RedisError  # noqa: PLC0415

            self._redis_errors = (RedisError, *self._redis_errors)
            try:
                self._redis = Redis.from_url(
                    settings.redis_url.get_secret_value(),
                    socket_timeout=ANSWER_WITHIN_S,
                    socket_connect_timeout=ANSWER_WITHIN_S,
                )
            except ValueError as error:
                raise UserError(f"redis_url: {error}") from None

    @property
    def degraded(self) -> list[str]:
        """Return what does not work; empty if no Redis is configured."""
        if self._redis is None or self.is_up:
            return []
        return ["Redis does not answer: limits are counted by each gateway alone"]

    async def run(self) -> None:
        """Synchronise with Redis until cancelled."""
        if self._redis is None:
            return
        try:
            while True:
                has_more = await self._call(self._sync)
                self._set_up(is_up=has_more is not None)
                if not has_more:
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._call(self._leave_all)
            await self._redis.aclose()

    def publish(self, entries: list[Entry]) -> None:
        """Queue forecasts to be written to Redis."""
        if self._redis is None:
            return
        for entry in entries:
            if entry.what is What.FORECAST:
                self._forecasts[entry.key] = entry

    async def add_connection(self, identity: Identity, connection: str) -> bool:
        """Count a connection at all gateways; return True if it is within the limit."""
        self._connections[connection] = identity.account
        is_allowed = await self._call_if_up(
            lambda: self._enter(identity.account, connection, identity)
        )
        if is_allowed is False:
            del self._connections[connection]
        return is_allowed is not False

    async def remove_connection(self, connection: str) -> None:
        """Remove a connection from the count."""
        account = self._connections.pop(connection, None)
        if account is not None:
            await self._call_if_up(
                lambda: self._redis.zrem(self._key("connections", account), connection)
            )

    async def allow_request(self, identity: Identity) -> bool:
        """Count a request at all gateways; return True if it is within the limit."""
        minute = int(time.time() // 60)

        async def ask() -> bool:
            key = self._key("requests", f"{identity.account}:{minute}")
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.incr(key)
            pipeline.expire(key, 120)
            count, _ = await pipeline.execute()
            return int(count) <= identity.requests_per_minute

        return await self._call_if_up(ask) is not False

    async def _sync(self) -> bool:
        """Renew the connections and write some forecasts; return True if more are queued."""
        await self._redis.ping()
        now = time.time()
        if now - self._renewed_at > RENEWED_WITHIN_S / 3:
            await self._renew(now)
            self._renewed_at = now
        lease = self._redis.register_script(_LEASE)
        if not await lease(keys=[self._key("writer", "")], args=[self._gateway_id, LEASE_MS]):
            self._forecasts.clear()  # another gateway writes them
            return False
        return await self._write()

    async def _write(self) -> bool:
        batch = list(islice(self._forecasts.items(), AT_ONCE))
        if not batch:
            return False
        pipeline = self._redis.pipeline(transaction=False)
        for series, entry in batch:
            key = self._key("forecast", series)
            if entry.is_gone:
                pipeline.delete(key)
            else:
                pipeline.set(key, entry.value, px=round(self._settings.redis_forecast_s * 1000))
        await pipeline.execute()
        for series, entry in batch:
            if self._forecasts.get(series) is entry:
                del self._forecasts[series]
        return bool(self._forecasts)

    async def _renew(self, now: float) -> None:
        members = list(self._connections.items())
        for first in range(0, len(members), AT_ONCE):
            pipeline = self._redis.pipeline(transaction=False)
            for connection, account in members[first : first + AT_ONCE]:
                key = self._key("connections", account)
                pipeline.zadd(key, {connection: now + RENEWED_WITHIN_S})
                pipeline.pexpire(key, round(2 * RENEWED_WITHIN_S * 1000))
            await pipeline.execute()

    async def _leave_all(self) -> bool:
        if self.is_up:
            pipeline = self._redis.pipeline(transaction=False)
            for connection, account in self._connections.items():
                pipeline.zrem(self._key("connections", account), connection)
            await pipeline.execute()
        return False

    async def _enter(self, account: str, connection: str, identity: Identity) -> bool:
        now = time.time()
        enter = self._redis.register_script(_ENTER)
        return bool(
            await enter(
                keys=[self._key("connections", account)],
                args=[now, now + RENEWED_WITHIN_S, connection, identity.connections],
            )
        )

    async def _call_if_up(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Call Redis if it answers; return None if it does not."""
        return await self._call(ask) if self.is_up else None

    async def _call(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await ask()
        except self._redis_errors as error:
            if self.is_up:
                LOG.warning(
                    "Redis does not answer: %s; limits are counted by this gateway alone until it"
                    " does",
                    error,
                )
            self._set_up(is_up=False)
            return None

    def _set_up(self, *, is_up: bool) -> None:
        if is_up and not self.is_up:
            LOG.info("Redis answers")
        elif not is_up:
            self._renewed_at = 0.0  # Redis may be empty when it is back
        self.is_up = is_up
        self._metrics.redis(is_up=is_up)

    def _key(self, what: str, name: str) -> str:
        return f"{self._settings.topic_prefix}gridcast:{what}:{name}".removesuffix(":")

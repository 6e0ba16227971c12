"""The metrics of a gateway, by event. `metric_list` has their names and meanings."""

from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry

from gridcast.gateway.metric_list import GatewayMetricList
from gridcast.gateway.protocol import CloseCode
from gridcast.schemas import Action
from gridcast.schemas.gateway import What


class GatewayMetrics:
    """The counters and gauges of one gateway.

    Examples
    --------
    >>> metrics = GatewayMetrics(version="1.0", run="a")
    >>> metrics.connected(3)
    >>> metrics.registry.get_sample_value("gridcast_gateway_clients")
    3.0
    """

    def __init__(self, version: str, run: str) -> None:
        self._list = GatewayMetricList(version, run)
        # Cached, because the hot path uses it.
        self._sent = self._list.sent

    @property
    def registry(self) -> CollectorRegistry:
        """The registry that Prometheus scrapes."""
        return self._list.registry

    def connected(self, clients: int) -> None:
        """Set the number of clients."""
        self._list.connections.set(clients)

    def closed(self, code: CloseCode) -> None:
        """Count a connection that the gateway closed."""
        self._list.closed.labels(str(code.value)).inc()

    def behind(self, clients: int) -> None:
        """Set the number of clients that have not received everything yet."""
        self._list.behind.set(clients)

    def sent(self, messages: int) -> None:
        """Count messages that were sent."""
        self._sent.inc(messages)

    def conflated(self, messages: int) -> None:
        """Count messages that were replaced by newer ones before they were sent."""
        self._list.conflated.inc(messages)

    def consumed(self, what: What | Literal["weather"], messages: int, unusable: int) -> None:
        """Count messages that were read from Kafka, and those of them that are invalid."""
        self._list.consumed.labels(str(what)).inc(messages)
        self._list.unusable.labels(str(what)).inc(unusable)

    def entries(self, counts: Mapping[What, int]) -> None:
        """Set the number of entries of each kind in the latest state."""
        for what, count in counts.items():
            self._list.entries.labels(what.value).set(count)

    def delivered(self, seconds: float) -> None:
        """Record the delay between Kafka's timestamp of a message and its delivery."""
        self._list.delay.observe(max(seconds, 0.0))

    def stale(self, seconds: float) -> None:
        """Set the seconds since Kafka last answered."""
        self._list.stale.set(seconds)

    def refused(self, because: str) -> None:
        """Count a refused request."""
        self._list.refused.labels(because).inc()

    def command_sent(self, action: Action) -> None:
        """Count a command that was published."""
        self._list.commands.labels(action.value).inc()

    def redis(self, *, is_up: bool) -> None:
        """Set whether Redis answers."""
        self._list.redis.set(is_up)

"""What a gateway has seen and done, as metrics; names and meanings are in `metric_list`."""

from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry

from gridcast.gateway.metric_list import GatewayMetricList
from gridcast.gateway.protocol import CloseCode
from gridcast.schemas import Action
from gridcast.schemas.gateway import What


class GatewayMetrics:
    """What one gateway has seen and done.

    Examples
    --------
    >>> metrics = GatewayMetrics(version="1.0", run="a")
    >>> metrics.connected(3)
    >>> metrics.registry.get_sample_value("gridcast_gateway_clients")
    3.0
    """

    def __init__(self, version: str, run: str) -> None:
        self._list = GatewayMetricList(version, run)
        # The hot path looks nothing up.
        self._sent = self._list.sent

    @property
    def registry(self) -> CollectorRegistry:
        """What Prometheus reads."""
        return self._list.registry

    def connected(self, clients: int) -> None:
        """Note how many clients there are."""
        self._list.connections.set(clients)

    def closed(self, code: CloseCode) -> None:
        """Count a connection that the gateway closed."""
        self._list.closed.labels(str(code.value)).inc()

    def behind(self, clients: int) -> None:
        """Note for how many something waits."""
        self._list.behind.set(clients)

    def sent(self, messages: int) -> None:
        """Count messages sent."""
        self._sent.inc(messages)

    def conflated(self, messages: int) -> None:
        """Count messages that were overtaken."""
        self._list.conflated.inc(messages)

    def consumed(self, what: What | Literal["weather"], messages: int, unusable: int) -> None:
        """Count messages from Kafka."""
        self._list.consumed.labels(str(what)).inc(messages)
        self._list.unusable.labels(str(what)).inc(unusable)

    def entries(self, counts: Mapping[What, int]) -> None:
        """Note how much is on the state."""
        for what, count in counts.items():
            self._list.entries.labels(what.value).set(count)

    def delivered(self, seconds: float) -> None:
        """Note how long after Kafka's stamp something was sent."""
        self._list.delay.observe(max(seconds, 0.0))

    def stale(self, seconds: float) -> None:
        """Note for how long nothing was heard of Kafka."""
        self._list.stale.set(seconds)

    def refused(self, because: str) -> None:
        """Count a request that was refused."""
        self._list.refused.labels(because).inc()

    def command_sent(self, action: Action) -> None:
        """Count a command that Kafka has."""
        self._list.commands.labels(action.value).inc()

    def redis(self, *, is_up: bool) -> None:
        """Note whether Redis answers."""
        self._list.redis.set(is_up)

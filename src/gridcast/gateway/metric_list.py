"""Every metric of a gateway: name, type, unit and meaning (table: docs/reference/metrics.md)."""

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from gridcast.agents.metric_table import DescribedMetrics
from gridcast.gateway.protocol import CloseCode
from gridcast.schemas.gateway import What

DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class GatewayMetricList(DescribedMetrics):
    """The metrics of one gateway, at zero."""

    def __init__(self, version: str, run: str) -> None:
        super().__init__()
        self.info = self._add(
            Gauge,
            "gridcast_gateway_info",
            "1",
            "always 1; its labels are the version, and the run id of the log lines",
            "version",
            "run",
        )
        self.info.labels(version, run).set(1)
        self.connections = self._add(
            Gauge, "gridcast_gateway_clients", "clients", "authenticated clients"
        )
        self.closed = self._add(
            Counter,
            "gridcast_gateway_closed_total",
            "connections",
            "connections that the gateway closed, by close code",
            "code",
        )
        self.behind = self._add(
            Gauge,
            "gridcast_gateway_behind_clients",
            "clients",
            "clients that have not received everything yet",
        )
        self.sent = self._add(
            Counter, "gridcast_gateway_sent_total", "messages", "messages sent to clients"
        )
        self.conflated = self._add(
            Counter,
            "gridcast_gateway_conflated_total",
            "messages",
            "messages that were replaced by newer ones before they were sent; counted when a "
            "client leaves",
        )
        self.consumed = self._add(
            Counter,
            "gridcast_gateway_taken_total",
            "messages",
            "messages read from Kafka, by kind",
            "what",
        )
        self.unusable = self._add(
            Counter,
            "gridcast_gateway_unusable_total",
            "messages",
            "messages from Kafka that are invalid, by kind",
            "what",
        )
        self.entries = self._add(
            Gauge,
            "gridcast_gateway_known",
            "things",
            "series, forecasts, alarms, scores and readings in the latest state",
            "what",
        )
        self.delay = self._add(
            Histogram,
            "gridcast_gateway_delay_seconds",
            "s",
            "time from Kafka's timestamp of a message until it was sent to all its subscribers",
            buckets=DELAYS,
        )
        self.stale = self._add(
            Gauge,
            "gridcast_gateway_stale_seconds",
            "s",
            "time since Kafka last answered; 0: it answers",
        )
        self.refused = self._add(
            Counter,
            "gridcast_gateway_refused_total",
            "requests",
            "requests that were refused, over HTTP and WebSocket, by reason",
            "because",
        )
        self.commands = self._add(
            Counter,
            "gridcast_gateway_commands_total",
            "commands",
            "operators' commands that were published",
            "action",
        )
        self.redis = self._add(
            Gauge,
            "gridcast_gateway_redis_up",
            "1",
            "1: Redis answers; 0: it does not, or none is configured",
        )
        for what in (*What, "weather"):
            self.consumed.labels(str(what))
            self.unusable.labels(str(what))
        for code in CloseCode:
            self.closed.labels(str(code.value))
        ProcessCollector(registry=self.registry)

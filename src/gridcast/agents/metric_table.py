"""The table of all metrics, for people: what `docs/reference/metrics.md` holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

Kind = TypeVar("Kind", bound=MetricWrapperBase)


@dataclass(frozen=True, slots=True)
class Described:
    """One metric."""

    name: str
    type: str
    """As Prometheus has it: counter, gauge or histogram."""
    unit: str
    labels: tuple[str, ...]
    about: str
    buckets: tuple[float, ...]
    """Upper bounds; of a histogram only."""


class DescribedMetrics:
    """Metrics of one process, each described where it is made."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.described: list[Described] = []
        """All metrics, in the order of the page."""

    def _add(
        self, kind: type[Kind], name: str, unit: str, about: str, *labels: str, **rest: Any
    ) -> Kind:
        buckets = rest.get("buckets", ())
        self.described.append(Described(name, kind.__name__.lower(), unit, labels, about, buckets))
        return kind(name, about, labels, registry=self.registry, **rest)


def table(metrics: Iterable[Described]) -> str:
    """Write the metrics as a table in Markdown.

    >>> ticks = Described("ticks_total", "counter", "ticks", ("closed_by",), "closed", ())
    >>> print(table([ticks]))
    | metric | type | unit | labels | meaning |
    |---|---|---|---|---|
    | `ticks_total` | counter | ticks | `closed_by` | closed |
    """
    rows = [
        "| metric | type | unit | labels | meaning |",
        "|---|---|---|---|---|",
    ]
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        bounds = ", ".join(f"{bound:.10g}" for bound in one.buckets)
        about = f"{one.about} (buckets: {bounds})" if bounds else one.about
        rows.append(f"| `{one.name}` | {one.type} | {one.unit} | {labels} | {about} |")
    return "\n".join(rows)

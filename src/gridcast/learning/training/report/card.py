"""The model card: a model's data, scores and limits."""

from collections.abc import Iterator, Sequence

from gridcast.learning.training.report.figures import label
from gridcast.learning.training.report.render import render
from gridcast.learning.training.report.sections import (
    NONE,
    ReportTable,
    best_baseline,
    fairness,
    number,
    widest,
)
from gridcast.learning.training.results import MODEL, DataScores, Results
from gridcast.models.archive import Archive
from gridcast.models.contract import Contract

_HONEST = (88, 92)
"""Accepted coverage of a 90 % band, %."""


def write_card(
    contract: Contract,
    results: Results,
    archives: Sequence[Archive],
    model_digest: str,
) -> str:
    """Return the card as Markdown."""
    features = contract.features
    lead = (
        f"Forecasts electric load, kW, as {len(contract.levels)} quantiles for each"
        f" {features.step_minutes} min of the next {features.horizon_hours} h, from the last"
        f" {features.lookback_hours} h."
    )
    return render(
        "card.md.j2",
        f"Model card: {contract.model}",
        [lead],
        [],
        facts=list(_facts(contract, results, model_digest)),
        data=[_data_row(data) for data in results.data],
        digests=[(data.title, data.digest) for data in results.data],
        scores=_scores(results),
        shown=list(_shown(contract)),
        fairness=[f"{data.title}: {fairness(data)}" for data in results.data],
        limits=list(_limits(contract, results, archives)),
        step=features.step_minutes,
        horizon=features.horizon_hours,
    )


def _facts(contract: Contract, results: Results, model_digest: str) -> Iterator[tuple[str, str]]:
    yield "run", contract.run
    yield "network", f"{contract.network}, {results.parameters:,} weights"
    yield "quantiles", ", ".join(f"{level:g}" for level in contract.levels)
    yield "gridcast's commit", contract.commit
    yield "SHA-256 of the lock file", contract.lock_digest
    yield "SHA-256 of the model file", model_digest


def _data_row(data: DataScores) -> tuple[str, ...]:
    first, last = data.split["train"], data.split["test"]
    spans = (first.first, last.end, first.end, last.first)
    days = (f"{time:%Y-%m-%d}" for time in spans)
    return (data.title, data.source or NONE, data.licence or NONE, f"{data.series:,}", *days)


def _scores(results: Results) -> ReportTable:
    rows = []
    for data in results.data:
        percent = widest(data.levels)
        best = best_baseline(data)
        for name in (MODEL, *([best] if best else [])):
            scores = data.test[name]
            rows.append(
                (
                    f"{data.title}, {label(name)}",
                    number(scores["mape"]),
                    number(scores["nmae"]),
                    number(scores["r2"], 3),
                    number(scores["pinball"], 3),
                    number(scores.get(f"coverage_{percent}"), 1),
                )
            )
    header = ("data, forecaster", "MAPE, %", "nMAE, %", "R²", "pinball, kW", "widest band holds, %")
    return ReportTable(header, tuple(rows))


def _shown(contract: Contract) -> Iterator[str]:
    features = contract.features
    lam = f"smoothed by a spline of λ = {features.lam:g}" if features.lam else "not smoothed"
    yield f"The load of the last {features.lookback_hours} h, gaps filled, {lam}."
    yield f"Of each hour: {', '.join(features.past)}."
    yield f"Of each slot ahead: {', '.join(features.future)}."
    if features.static:
        yield f"Of the series: {', '.join(features.static)}."
    if features.weather or features.operator:
        yield "Where weather or the operator's forecast is not known, it does without."


def _limits(contract: Contract, results: Results, archives: Sequence[Archive]) -> Iterator[str]:
    sizes = [s.size_kw for data in results.data for s in data.by_series if s.size_kw]
    if sizes:
        span = dict.fromkeys((number(min(sizes)), number(max(sizes))))
        yield (
            f"Trained on series of {' to '.join(span)} kW on average; others are scaled like them,"
            " which was not judged."
        )
    series = [series_of_all for archive in archives for series_of_all in archive.series]
    zones = sorted({series_of_all.time_zone for series_of_all in series})
    kinds = sorted({series_of_all.kind.value for series_of_all in series})
    yield f"Trained on {_few(kinds)} series, in {_few(zones)} only."
    if not contract.features.day_of_year:
        yield "It does not know the day of the year: seasons reach it through the last days only."
    if not any(series_of_all.can_be_negative for series_of_all in series):
        yield "No series that it was trained on feeds back: of negative loads it knows nothing."
    for data in results.data:
        if data.error == "nmae":
            yield f"{data.title}: loads come near 0, where errors in per cent mean nothing."
        coverage = data.test[MODEL].get("coverage_90")
        if coverage is not None and not _HONEST[0] <= coverage <= _HONEST[1]:
            yield f"{data.title}: the 90 % band held {number(coverage, 1)} % of the loads."
        for fault in data.faults:
            yield f"{data.title}: {fault.fault}: {fault.reason}."


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"

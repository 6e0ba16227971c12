"""The contents of a backtest's report, independent of HTML."""

from collections.abc import Iterator, Mapping

from gridcast.learning.backtest import figures
from gridcast.learning.backtest.compare import changes
from gridcast.learning.backtest.evaluation import BacktestEvaluation, Scores
from gridcast.learning.training.report.figures import UNITS, label
from gridcast.learning.training.report.sections import Figure, ReportTable, Section, number, widest
from gridcast.models.evaluation.quantiles import bands

MOST_SERIES = 50
_ERRORS = {"mape": "MAPE, %", "nmae": "nMAE, %"}
_CALENDAR = ("hour", "weekday", "month", "temperature")


def sections(
    evaluation: BacktestEvaluation, former: BacktestEvaluation | None
) -> Iterator[Section]:
    """Yield all sections but the pictures of days."""
    one = evaluation
    yield Section("All forecasters on the same forecasts", tables=(_table(one, one.scores),))
    yield Section("Is the difference luck?", text=tuple(_significance(one)))
    yield from _operator(one)
    percent = widest(one.levels)
    drawn = [(one.error, UNITS[one.error]), ("pinball", "pinball, kW"), ("crps", "CRPS, kW")]
    if percent is not None:
        drawn.append((f"coverage_{percent}", f"{percent} % band holds, %"))
        drawn.append((f"width_{percent}", f"width of the {percent} % band, kW"))
    yield Section(
        "By horizon",
        tables=(_groups(one, "horizon"),),
        figures=tuple(
            Figure(
                f"by-horizon-{score}.svg",
                f"{unit} by horizon",
                figures.by_horizon(one, score, unit),
            )
            for score, unit in drawn
        ),
    )
    there = tuple(name for name in _CALENDAR if name in one.by)
    yield Section(
        "By hour, weekday, month and temperature",
        text=("Local time of the slot that is forecast; temperature as measured there.",),
        tables=tuple(_groups(one, name) for name in there),
        figures=(Figure("by-groups.svg", "error by group", figures.by_groups(one, there)),),
    )
    yield Section("By rung", tables=(_groups(one, "rung"),))
    yield Section("By series", tables=(_groups(one, "series"),))
    yield Section(
        "Are the quantiles honest?",
        figures=(Figure("reliability.svg", "reliability", figures.reliability(one)),),
    )
    yield Section("Peaks", text=(_PEAKS,), tables=(_peaks(one),))
    if former is not None:
        yield _changed(former, one)


_PEAKS = (
    "The highest load of each horizon, by the judged slots: how far off its height and its time"
    " were foreseen."
)


def _operator(evaluation: BacktestEvaluation) -> Iterator[Section]:
    if evaluation.when_published:
        yield Section(
            "Beside the operator's own forecast, as it was published",
            text=(_PUBLISHED,),
            tables=(_table(evaluation, evaluation.when_published),),
        )
    if evaluation.beside_operator:
        yield Section(
            "Beside the operator's own forecast, at every tick",
            text=(_KNOWN,),
            tables=(_table(evaluation, evaluation.beside_operator),),
        )


_PUBLISHED = (
    "Forecasts made at the tick at which the operator published its own, of the slots that it"
    " published then: both knew as much."
)
_KNOWN = (
    "All slots of which it had been published by the tick. The operator's forecast is the older"
    " one here, by up to a day and more."
)


def columns(levels: tuple[float, ...]) -> dict[str, tuple[str, int]]:
    """Return the columns of a table of scores: heading, score, digits."""
    by_heading: dict[str, tuple[str, int]] = {
        "loads": ("count", 0),
        "MAE, kW": ("mae", 2),
        "RMSE, kW": ("rmse", 2),
        "MAPE, %": ("mape", 2),
        "sMAPE, %": ("smape", 2),
        "nMAE, %": ("nmae", 2),
        "MASE": ("mase", 3),
        "R²": ("r2", 3),
        "pinball, kW": ("pinball", 3),
        "CRPS, kW": ("crps", 3),
    }
    for percent, _, _ in bands(levels):
        by_heading[f"{percent} % holds, %"] = (f"coverage_{percent}", 1)
        by_heading[f"{percent} % width, kW"] = (f"width_{percent}", 2)
    return by_heading


def _table(evaluation: BacktestEvaluation, scores: Mapping[str, Scores]) -> ReportTable:
    at = {f"MAPE {hours} h, %": (f"mape_{hours}h", 2) for hours in (1, 6, 24)}
    every: dict[str, tuple[str, int]] = {}
    for heading, score in columns(evaluation.levels).items():
        every |= {heading: score} | (at if heading == "MAPE, %" else {})
    rows = [
        (label(name), *(number(of.get(score), digits) for score, digits in every.values()))
        for name, of in scores.items()
    ]
    return ReportTable(("forecaster", *every), tuple(rows))


def _groups(evaluation: BacktestEvaluation, what: str) -> ReportTable:
    """Return the scores of the first model by group, beside the error of the best other."""
    every = columns(evaluation.levels)
    own = evaluation.by[what][evaluation.model]
    others = {name: of for name, of in evaluation.by[what].items() if name != evaluation.model}
    if what == "rung":
        others = {name: of for name, of in others.items() if set(of) & set(own)}
    header = [what, *every, *(f"{label(name)}: {_ERRORS[evaluation.error]}" for name in others)]
    groups = list(own)
    if len(groups) > MOST_SERIES:
        groups = sorted(groups, key=lambda group: -(own[group]["nmae"] or 0))[:MOST_SERIES]
        header[0] = f"the {MOST_SERIES} worst {what}"
    rows = [
        (
            group,
            *(number(own[group].get(score), digits) for score, digits in every.values()),
            *(number(of.get(group, {}).get(evaluation.error)) for of in others.values()),
        )
        for group in groups
    ]
    return ReportTable(tuple(header), tuple(rows))


def _significance(evaluation: BacktestEvaluation) -> Iterator[str]:
    if not evaluation.versus:
        yield "Too few ticks, or nothing to compare with."
    for name, test in evaluation.versus.items():
        yield (
            f"{label(evaluation.model)} beside {label(name)}: {test.verdict} (Diebold-Mariano on"
            f" the pinball loss: difference {number(test.difference, 4)} kW, p ="
            f" {test.p_value:.2g})."
        )


def _peaks(evaluation: BacktestEvaluation) -> ReportTable:
    rows = [
        (label(name), f"{of.count:,}", number(of.error_percent), number(of.hours_off))
        for name, of in evaluation.peaks.items()
    ]
    return ReportTable(("forecaster", "horizons", "height off, %", "time off, h"), tuple(rows))


def _changed(former: BacktestEvaluation, now: BacktestEvaluation) -> Section:
    rows = [
        (
            label(change.forecaster),
            change.score,
            *map(number, (change.before, change.now, change.change)),
        )
        for change in changes(former, now)
    ]
    text = [f"Evaluation {former.id} of {former.at:%Y-%m-%d %H:%M} UTC, model {former.model}."]
    if (former.title, former.first, former.end) != (now.title, now.first, now.end):
        text.append("It was of other ticks or other data: the scores are not of the same loads.")
    table = ReportTable(("forecaster", "score", "before", "now", "change"), tuple(rows))
    return Section("What changed", text=tuple(text), tables=(table,))

"""What the report of a backtest says, before it is HTML."""

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
    """Tell all, but for the days that are drawn."""
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


def _operator(one: BacktestEvaluation) -> Iterator[Section]:
    if one.when_published:
        yield Section(
            "Beside the operator's own forecast, as it was published",
            text=(_PUBLISHED,),
            tables=(_table(one, one.when_published),),
        )
    if one.beside_operator:
        yield Section(
            "Beside the operator's own forecast, at every tick",
            text=(_KNOWN,),
            tables=(_table(one, one.beside_operator),),
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
    """Give the columns of a table of scores: heading, score, digits."""
    found: dict[str, tuple[str, int]] = {
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
        found[f"{percent} % holds, %"] = (f"coverage_{percent}", 1)
        found[f"{percent} % width, kW"] = (f"width_{percent}", 2)
    return found


def _table(one: BacktestEvaluation, scores: Mapping[str, Scores]) -> ReportTable:
    at = {f"MAPE {hours} h, %": (f"mape_{hours}h", 2) for hours in (1, 6, 24)}
    every: dict[str, tuple[str, int]] = {}
    for heading, score in columns(one.levels).items():
        every |= {heading: score} | (at if heading == "MAPE, %" else {})
    rows = [
        (label(name), *(number(of.get(score), digits) for score, digits in every.values()))
        for name, of in scores.items()
    ]
    return ReportTable(("forecaster", *every), tuple(rows))


def _groups(one: BacktestEvaluation, what: str) -> ReportTable:
    """Tell of the first model group by group, and the error of the best other beside it."""
    every = columns(one.levels)
    own = one.by[what][one.model]
    others = {name: of for name, of in one.by[what].items() if name != one.model}
    if what == "rung":
        others = {name: of for name, of in others.items() if set(of) & set(own)}
    header = [what, *every, *(f"{label(name)}: {_ERRORS[one.error]}" for name in others)]
    groups = list(own)
    if len(groups) > MOST_SERIES:
        groups = sorted(groups, key=lambda group: -(own[group]["nmae"] or 0))[:MOST_SERIES]
        header[0] = f"the {MOST_SERIES} worst {what}"
    rows = [
        (
            group,
            *(number(own[group].get(score), digits) for score, digits in every.values()),
            *(number(of.get(group, {}).get(one.error)) for of in others.values()),
        )
        for group in groups
    ]
    return ReportTable(tuple(header), tuple(rows))


def _significance(one: BacktestEvaluation) -> Iterator[str]:
    if not one.versus:
        yield "Too few ticks, or nothing to compare with."
    for name, found in one.versus.items():
        yield (
            f"{label(one.model)} beside {label(name)}: {found.verdict} (Diebold-Mariano on the"
            f" pinball loss: difference {number(found.difference, 4)} kW, p ="
            f" {found.p_value:.2g})."
        )


def _peaks(one: BacktestEvaluation) -> ReportTable:
    rows = [
        (label(name), f"{of.count:,}", number(of.error_percent), number(of.hours_off))
        for name, of in one.peaks.items()
    ]
    return ReportTable(("forecaster", "horizons", "height off, %", "time off, h"), tuple(rows))


def _changed(former: BacktestEvaluation, now: BacktestEvaluation) -> Section:
    rows = [
        (label(one.forecaster), one.score, *map(number, (one.before, one.now, one.change)))
        for one in changes(former, now)
    ]
    text = [f"Evaluation {former.id} of {former.at:%Y-%m-%d %H:%M} UTC, model {former.model}."]
    if (former.title, former.first, former.end) != (now.title, now.first, now.end):
        text.append("It was of other ticks or other data: the scores are not of the same loads.")
    table = ReportTable(("forecaster", "score", "before", "now", "change"), tuple(rows))
    return Section("What changed", text=tuple(text), tables=(table,))

"""A case as tables for people, and as figures for programs."""

import numpy as np
from common import show

from accuracy.cases import Case
from accuracy.outcome import Outcome
from accuracy.verdicts import compare, mean_by_lead, mean_scores, verdicts
from accuracy.work import Found
from gridcast.models.evaluation.score import HOURS
from gridcast.models.evaluation.significance import Comparison

NAMES = {
    "persistence": "held",
    "seasonal_naive_day": "yesterday",
    "seasonal_naive_week": "last week",
    "moving_average": "7 days",
    "lightgbm": "LightGBM",
}
FIGURES = (
    *("mape_1h", "mape_6h", "mape_24h", "mape", "nmae", "mase", "r2", "mae", "rmse", "smape"),
    *("pinball", "crps", "coverage_90", "width_90", "coverage_80", "coverage_50"),
)
BY_LEAD = ("mape", "nmae", "pinball", "coverage_90")
LEGEND = """\
1 h … all: {error} of slots that end so far ahead, and of all leads judged, %. MASE: 1 is what
yesterday's load misses. pinball: mean of {levels} levels, {unit}. 90 %: share of the loads in
that band. CPU s: to learn. LightGBM, champion: means of {seeds}. Published: the champion through a
worker's tick, its quantiles calibrated by what came. CRPS, RMSE, all leads: --json."""


def show_case(case: Case, found: Found, levels: int) -> None:
    """Print what was found, and the goals."""
    largest = max(one.scores["pinball"] or 0 for outcomes in found.values() for one in outcomes)
    unit, by = ("MW", 1e-3) if largest > 10_000 else ("kW", 1.0)
    columns = [*(f"{hours} h" for hours in HOURS), "all", "MASE", "pinball", "90 %"]
    rows = [_row(case, name, outcomes, by) for name, outcomes in found.items()]
    show(case.title, ["", *columns, "R²", "CPU s"], rows)
    error = "MAPE" if case.error == "mape" else "mean error by mean load"
    seeds = len(found.get("champion") or found.get("lightgbm") or [None])
    told = f"{seeds} seeds" if seeds > 1 else "one seed"
    print(LEGEND.format(error=error, levels=levels, unit=unit, seeds=told))
    if "champion" not in found:
        return
    for told in _comparisons(case, found):
        print(told)
    held = verdicts(case, found)
    rows = [[one.aim, one.measured, "met" if one.met else "MISSED"] for one in held]
    show(f"{case.title}: goals", ["goal", "measured", ""], rows)


def figures_of(case: Case, found: Found) -> dict[str, object]:
    """Give the figures by forecaster, of several seeds the mean and each."""
    figures: dict[str, object] = {}
    for name, outcomes in found.items():
        scores = mean_scores(outcomes)
        figures[name] = {
            **{score: scores[score] for score in FIGURES if score in scores},
            "by_lead": {score: _plain(mean_by_lead(outcomes, score)) for score in BY_LEAD},
            "leads_minutes": outcomes[0].leads_minutes,
            "seeds": [
                {case.error: one.scores[case.error], "pinball": one.scores["pinball"]}
                for one in outcomes
            ],
            "seconds": [one.seconds for one in outcomes],
            "cpu_s": [one.cpu_s for one in outcomes],
        }
    if "champion" in found:
        figures["versus"] = {
            name: [None if one is None else _as_dict(one) for one in compared]
            for name, compared in _compared(case, found).items()
        }
        figures["goals"] = {
            one.aim: {"measured": one.measured, "met": one.met} for one in verdicts(case, found)
        }
    return figures


def _row(case: Case, name: str, outcomes: list[Outcome], by: float) -> list[str]:
    scores, by_lead = mean_scores(outcomes), mean_by_lead(outcomes, case.error)
    minutes = outcomes[0].leads_minutes
    at = [by_lead[minutes.index(60 * h)] if 60 * h in minutes else np.nan for h in HOURS]
    errors = ["" if np.isnan(one) else f"{one:.2f}" for one in at]
    return [
        NAMES.get(name, name),
        *errors,
        _told(scores[case.error], ".2f"),
        _told(scores["mase"], ".2f"),
        _told(_scaled(scores["pinball"], by), ".4g"),
        _told(scores["coverage_90"], ".1f"),
        _told(scores["r2"], ".3f"),
        f"{np.mean([one.cpu_s for one in outcomes]):.0f}",
    ]


def _compared(case: Case, found: Found) -> dict[str, list[Comparison | None]]:
    """Compare the champion with whom it has to beat, seed by seed."""
    others = [name for name in ("lightgbm", "ridge", "seasonal_naive_week") if name in found]
    return {
        name: [
            compare(case, own, found[name][min(place, len(found[name]) - 1)])
            for place, own in enumerate(found["champion"])
        ]
        for name in others
    }


def _comparisons(case: Case, found: Found) -> list[str]:
    seeds = [_told(one.scores[case.error], ".3f") for one in found["champion"]]
    lines = [f"The champion, seed by seed: {', '.join(seeds)}. By pinball loss (Diebold-Mariano):"]
    for name, compared in _compared(case, found).items():
        known = [one for one in compared if one is not None]
        told = ", ".join(f"{one.verdict} (p = {one.p_value:.2g})" for one in known)
        lines.append(f"  beside {NAMES.get(name, name)}: {told or 'too few origins to tell'}")
    return lines


def _as_dict(one: Comparison) -> dict[str, object]:
    return {"p": one.p_value, "difference": one.difference, "verdict": one.verdict}


def _plain(value: np.ndarray) -> list[float | None]:
    return [None if np.isnan(one) else float(one) for one in value]


def _scaled(value: float | None, by: float) -> float | None:
    return None if value is None else value * by


def _told(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)

"""What was aimed at, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accuracy.cases import COVERAGE, LEAST_R2, MOST_MAPE, MOST_TRAIN_MINUTES, R2_SETS, Case
from accuracy.outcome import Outcome
from gridcast.models.evaluation.significance import Comparison, diebold_mariano


@dataclass(frozen=True)
class Verdict:
    """One thing that was aimed at."""

    aim: str
    measured: str
    met: bool


def mean_scores(outcomes: Sequence[Outcome]) -> dict[str, float | None]:
    """Average the scores of several seeds."""
    found: dict[str, float | None] = {}
    for name in outcomes[0].scores:
        values = [one.scores[name] for one in outcomes]
        found[name] = (
            None if None in values else float(np.mean([v for v in values if v is not None]))
        )
    return found


def mean_by_lead(outcomes: Sequence[Outcome], score: str) -> np.ndarray:
    """Average a score of several seeds at each lead; NaN where there is none."""
    values = [
        [np.nan if one is None else one for one in outcome.by_lead[score]] for outcome in outcomes
    ]
    return np.asarray(np.mean(values, axis=0))


def compare(case: Case, champion: Outcome, other: Outcome) -> Comparison | None:
    """Test whether two forecasters differ, by the pinball loss at the same origins."""
    overlap = 2 if case.local_hour is not None else case.horizon_hours
    return diebold_mariano(champion.loss, other.loss, overlap)


def verdicts(case: Case, found: Mapping[str, Sequence[Outcome]]) -> list[Verdict]:
    """Hold the champion against the goals; of several seeds, by their mean."""
    champion = found["champion"]
    scores = mean_scores(champion)
    error = case.error
    verdict: list[Verdict] = []
    for name, most in case.goals.items():
        verdict.append(_at_most(f"{name} ≤ {most:g} %", scores[name], most))
    if "lightgbm" in found:
        other = mean_scores(found["lightgbm"])
        for name in (error, "pinball"):
            unit = "kW" if name == "pinball" else "%"
            aim = f"{name} ≤ LightGBM's {_figure(other[name])} {unit}"
            verdict.append(_at_most(aim, scores[name], other[name]))
    below = "seasonal_naive_week" if case.boxed else "ridge"
    verdict.append(_below_at_every_lead(case, champion, below, found[below]))
    if case.boxed:
        return verdict
    verdict.append(_covers("the file's 90 % interval", scores))
    if "published" in found:
        verdict.append(_covers("the published one", mean_scores(found["published"])))
    if case.name in R2_SETS:
        r2 = scores["r2"]
        verdict.append(Verdict(f"R² ≥ {LEAST_R2}", _figure(r2), r2 is not None and r2 >= LEAST_R2))
        verdict.append(_at_most(f"mape ≤ {MOST_MAPE:g} %", scores["mape"], MOST_MAPE))
    longest = max(one.seconds for one in champion) / 60
    aim = f"trained in under {MOST_TRAIN_MINUTES:g} min"
    verdict.append(Verdict(aim, f"{longest:.1f} min", longest < MOST_TRAIN_MINUTES))
    if case.local_hour is not None and "operator" in found:
        own, theirs = scores["mape"], mean_scores(found["operator"])["mape"]
        if own is not None and theirs is not None:
            gain = 100 * (1 - own / theirs)
            verdict.append(Verdict("25 % below the operator's own", f"{gain:.0f} %", gain >= 25))
    return verdict


def _at_most(aim: str, value: float | None, most: float | None) -> Verdict:
    met = value is not None and most is not None and value <= most
    return Verdict(aim, _figure(value), met)


def _covers(what: str, scores: Mapping[str, float | None]) -> Verdict:
    (least, most), inside = COVERAGE, scores["coverage_90"]
    met = inside is not None and least <= inside <= most
    return Verdict(f"{what} covers {least:g} to {most:g} %", _figure(inside), met)


def _below_at_every_lead(
    case: Case, champion: Sequence[Outcome], name: str, other: Sequence[Outcome]
) -> Verdict:
    own, theirs = mean_by_lead(champion, case.error), mean_by_lead(other, case.error)
    known = np.isfinite(own) & np.isfinite(theirs)
    ratio = np.where(known, own / np.where(known, theirs, 1), -np.inf)
    worst = int(np.argmax(ratio))
    minutes = champion[0].leads_minutes[worst]
    aim = f"{case.error} below {name.replace('_', ' ')}'s at every lead"
    told = f"nearest at {minutes / 60:.3g} h: {ratio[worst]:.3f} of it"
    return Verdict(aim, told, bool(known.any() and ratio[worst] < 1))


def _figure(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

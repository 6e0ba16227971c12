"""The differences between two evaluations."""

from dataclasses import dataclass

from gridcast.learning.backtest.evaluation import BacktestEvaluation


@dataclass(frozen=True)
class Change:
    """One score, before and now."""

    forecaster: str
    score: str
    before: float | None
    now: float | None

    @property
    def change(self) -> float | None:
        """The difference; None if one of them is unknown."""
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def percent(self) -> float | None:
        """The difference in per cent of the former value."""
        return (
            100 * self.change / abs(self.before)
            if self.change is not None and self.before
            else None
        )


def changes(before: BacktestEvaluation, now: BacktestEvaluation) -> list[Change]:
    """Return all scores of the forecasters that both have. The models are matched."""
    pairs = [(before.model, now.model)]
    pairs += [
        (name, name)
        for name in now.forecasters
        if name in before.forecasters and name not in {before.model, now.model}
    ]
    return [
        Change(now_name, score, before.scores[old_name].get(score), value)
        for old_name, now_name in pairs
        for score, value in now.scores[now_name].items()
        if score != "count"
    ]

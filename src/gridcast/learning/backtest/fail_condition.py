"""Conditions that make a backtest fail, for pipelines: `mape_24h > 5`."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gridcast.learning.backtest.evaluation import BacktestEvaluation
from gridcast.stream.errors import UserError

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_FORM = re.compile(r"\s*(?:([\w.-]+):)?(\w+)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*")


@dataclass(frozen=True)
class FailCondition:
    """A condition that must not hold.

    >>> FailCondition.read("mape_24h > 5")
    FailCondition(forecaster=None, score='mape_24h', compare='>', limit=5.0)
    """

    forecaster: str | None
    """None for the first model."""
    score: str
    compare: str
    limit: float

    @classmethod
    def read(cls, text: str) -> "FailCondition":
        """Parse a condition."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise UserError(
                '--fail-if: SCORE > NUMBER, such as "mape_24h > 5" or "ridge:mae < 3"; not'
                f" {text!r}"
            )
        forecaster, score, compare, limit = match.groups()
        return cls(forecaster, score, compare, float(limit))

    def __str__(self) -> str:
        whose = f"{self.forecaster}:" if self.forecaster else ""
        return f"{whose}{self.score} {self.compare} {self.limit:g}"

    def check(self, evaluation: BacktestEvaluation) -> str | None:
        """Return a line if the condition is true, else None. An unknown score counts as true."""
        name = self.forecaster or evaluation.model
        if name not in evaluation.scores:
            raise UserError(f"--fail-if {self}: no forecaster {name!r} was evaluated")
        scores = evaluation.scores[name]
        if self.score not in scores:
            raise UserError(f"--fail-if {self}: there is no {self.score}; {', '.join(scores)}")
        value = scores[self.score]
        if value is None:
            return f"{self}: {self.score} of {name} is not known"
        return f"{self}: it is {value:.6g}" if _COMPARE[self.compare](value, self.limit) else None


def failures(gates: Sequence[FailCondition], evaluation: BacktestEvaluation) -> list[str]:
    """Return a line for each condition that is true."""
    return [line for gate in gates if (line := gate.check(evaluation)) is not None]

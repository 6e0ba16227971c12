"""Past evaluations in DuckDB: one row per evaluation, and one per score."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gridcast.learning.backtest.evaluation import BacktestEvaluation
from gridcast.stream.errors import UserError

_TABLES = """
CREATE TABLE IF NOT EXISTS evaluations (
    id VARCHAR PRIMARY KEY, made_at TIMESTAMPTZ, title VARCHAR, source VARCHAR,
    git_commit VARCHAR, first_tick TIMESTAMPTZ, end_tick TIMESTAMPTZ, model VARCHAR,
    judged BIGINT, folder VARCHAR, whole JSON
);
CREATE TABLE IF NOT EXISTS scores (
    id VARCHAR, forecaster VARCHAR, score VARCHAR, value DOUBLE
);
"""


class EvaluationLog:
    """The past evaluations in a file.

    Parameters
    ----------
    path
        The file. It is created when the first evaluation is stored.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, evaluation: BacktestEvaluation, folder: Path) -> None:
        """Store an evaluation."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open(read_only=False) as connection:
            connection.execute(_TABLES)
            connection.execute(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(
                        evaluation.id,
                        evaluation.at,
                        evaluation.title,
                        evaluation.source,
                        evaluation.commit,
                        evaluation.first,
                        evaluation.end,
                    ),
                    *(
                        evaluation.model,
                        evaluation.judged,
                        str(folder.resolve()),
                        evaluation.model_dump_json(),
                    ),
                ],
            )
            connection.executemany(
                "INSERT INTO scores VALUES (?, ?, ?, ?)",
                [
                    [evaluation.id, forecaster, score, value]
                    for forecaster, scores in evaluation.scores.items()
                    for score, value in scores.items()
                ],
            )

    def every(self) -> list[BacktestEvaluation]:
        """Return all, newest first."""
        if not self._path.exists():
            return []
        with self._open(read_only=True) as connection:
            rows = connection.execute(
                "SELECT whole FROM evaluations ORDER BY made_at DESC, id"
            ).fetchall()
        return [BacktestEvaluation.model_validate_json(row[0]) for row in rows]

    def find(self, name: str) -> BacktestEvaluation:
        """Return one by its id, a prefix of it, or `last` and `last-1`, `last-2` …"""
        every = self.every()
        if name.partition("-")[0] == "last":
            back = name.partition("-")[2] or "0"
            if back.isdecimal() and int(back) < len(every):
                return every[int(back)]
            raise UserError(f"there are {len(every)} evaluations in {self._path}: no {name!r}")
        matches = [evaluation for evaluation in every if evaluation.id.startswith(name)]
        if len(matches) == 1:
            return matches[0]
        problem = "several begin with" if matches else "none begins with"
        raise UserError(f"of {len(every)} evaluations in {self._path} {problem} {name!r}")

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Any]:
        import duckdb  # noqa: PLC0415 - only who backtests has it

        try:
            connection = duckdb.connect(str(self._path), read_only=read_only)
        except duckdb.Error as error:
            line = str(error).splitlines()[0]
            raise UserError(f"the past evaluations in {self._path}: {line}") from None
        try:
            yield connection
        finally:
            connection.close()

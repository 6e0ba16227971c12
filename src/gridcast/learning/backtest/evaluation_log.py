"""Past evaluations, in DuckDB: a row an evaluation, and a row a score."""

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
        The file; it is made when something is first kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, evaluation: BacktestEvaluation, folder: Path) -> None:
        """Keep one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        one = evaluation
        with self._open(read_only=False) as found:
            found.execute(_TABLES)
            found.execute(
                "INSERT INTO evaluations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(one.id, one.at, one.title, one.source, one.commit, one.first, one.end),
                    *(one.model, one.judged, str(folder.resolve()), one.model_dump_json()),
                ],
            )
            found.executemany(
                "INSERT INTO scores VALUES (?, ?, ?, ?)",
                [
                    [one.id, forecaster, score, value]
                    for forecaster, scores in one.scores.items()
                    for score, value in scores.items()
                ],
            )

    def every(self) -> list[BacktestEvaluation]:
        """Give all, the newest first."""
        if not self._path.exists():
            return []
        with self._open(read_only=True) as found:
            rows = found.execute(
                "SELECT whole FROM evaluations ORDER BY made_at DESC, id"
            ).fetchall()
        return [BacktestEvaluation.model_validate_json(row[0]) for row in rows]

    def find(self, name: str) -> BacktestEvaluation:
        """Give one by its id, the beginning of it, or `last` and `last-1`, `last-2` …"""
        every = self.every()
        if name.partition("-")[0] == "last":
            back = name.partition("-")[2] or "0"
            if back.isdecimal() and int(back) < len(every):
                return every[int(back)]
            raise UserError(f"there are {len(every)} evaluations in {self._path}: no {name!r}")
        found = [one for one in every if one.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        told = "several begin with" if found else "none begins with"
        raise UserError(f"of {len(every)} evaluations in {self._path} {told} {name!r}")

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

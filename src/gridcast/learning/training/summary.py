"""One-line summaries of runs."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridcast.learning.training.folder import RunFolder, Status
from gridcast.learning.training.report.sections import verdict
from gridcast.learning.training.results import MODEL, Results


class RunSummary(BaseModel):
    """A run, its status and its results."""

    model_config = ConfigDict(frozen=True)

    status: Status
    seconds: float | None = Field(description="from its beginning to its end")
    verdicts: tuple[str, ...] = Field(description="a line for each file it was judged on")
    scores: dict[str, dict[str, float | None]] = Field(description="of the test, by file")


def summaries(folders: Sequence[RunFolder]) -> list[RunSummary]:
    """Return the summaries of some runs."""
    return [_summary(folder) for folder in folders]


def _summary(folder: RunFolder) -> RunSummary:
    status = folder.status
    results = _results(folder)
    data = results.data if results else ()
    ended = status.ended
    return RunSummary(
        status=status,
        seconds=None if ended is None else (ended - status.started).total_seconds(),
        verdicts=tuple(f"{scores.title}: {verdict(scores)}" for scores in data),
        scores={scores.title: dict(scores.test[MODEL]) for scores in data},
    )


def _results(folder: RunFolder) -> Results | None:
    try:
        return Results.model_validate_json(folder.read("scores.json"))
    except (FileNotFoundError, ValidationError):
        return None

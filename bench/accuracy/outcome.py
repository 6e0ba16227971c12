"""What one forecaster came to on one case: kept in a file, so that a long bench can go on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gridcast.models.evaluation.quantiles import pinball_of
from gridcast.models.evaluation.score import score, scores_by_lead
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.units import DAY_MS


@dataclass(frozen=True)
class Outcome:
    """Scores, and what is needed to compare them."""

    scores: dict[str, float | None]
    by_lead: dict[str, list[float | None]]
    leads_minutes: list[int]
    losses: list[float | None]
    """Mean pinball loss of each origin, evenly spaced; none where nobody was asked."""
    seconds: float
    """To learn, by the clock."""
    cpu_s: float
    file_bytes: int | None = None
    """Of a network's file."""

    @property
    def loss(self) -> np.ndarray:
        """The losses as numbers."""
        return np.array([np.nan if one is None else one for one in self.losses])


def outcome_of(
    found: VerifiedForecasts, scales: Scales, *, seconds: float, cpu_s: float, daily: bool
) -> Outcome:
    """Score what was found; `daily`: there is one origin a day."""
    loss = pinball_of(found.truth, found.quantiles, found.levels)
    _, losses = found.of_origins(loss, DAY_MS if daily else None)
    scores, by_lead = score(found, scales), scores_by_lead(found, scales)
    if scores["width_90"] == 0:  # a single number has no band
        scores = {n: None if n.startswith(("coverage", "width")) else s for n, s in scores.items()}
    return Outcome(
        scores=scores,
        by_lead={name: by_lead[name] for name in ("mape", "nmae", "pinball", "coverage_90")},
        leads_minutes=found.ends_minutes.tolist(),
        losses=[None if np.isnan(one) else float(one) for one in losses],
        seconds=seconds,
        cpu_s=cpu_s,
    )


class Kept:
    """A folder of outcomes, found again by all that they were made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str, made_of: Mapping[str, Any]) -> Path:
        """Name a file after what its content is made of."""
        text = json.dumps(made_of, sort_keys=True, default=str)
        return self.folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"

    def outcome(
        self, name: str, made_of: Mapping[str, Any], make: Callable[[], Outcome]
    ) -> Outcome:
        """Read it, or make and keep it."""
        path = self.path(name, made_of)
        if path.exists():
            return Outcome(**json.loads(path.read_text("utf-8")))
        made = make()
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(made)), "utf-8")
        unfinished.replace(path)
        return made

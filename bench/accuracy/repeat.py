"""Whether the same config and seed twice give the same network: a short training, twice."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from accuracy.cases import CASES
from accuracy.champion import config_for, shortened, train
from accuracy.material import Material, Sizes
from accuracy.outcome import outcome_of
from accuracy.work import Work

STEPS = 20


def repeated(work: Work) -> dict[str, bool]:
    """Train twice; compare all scores, and all forecasts bit by bit."""
    case = next(one for one in CASES if one.name == "spain")
    config = shortened(config_for(case, work.base, seed=1), STEPS)
    material = Material(case, work.data, config, Sizes(test=500))
    found = []
    with TemporaryDirectory() as folder:
        for number in ("first", "second"):
            champion = train(material, config, Path(folder) / number)
            found.append(material.ask("champion", champion.network))
    scores = [outcome_of(one, material.scales, seconds=0, cpu_s=0, daily=False) for one in found]
    same = {
        "scores": scores[0] == scores[1],
        "forecasts": bool(np.array_equal(found[0].quantiles, found[1].quantiles)),
    }
    print(
        f"\nThe same config and seed twice ({STEPS} steps): "
        f"scores {_told(same['scores'])}, forecasts {_told(same['forecasts'])}"
    )
    return same


def _told(same: bool) -> str:
    return "identical" if same else "DIFFERENT"

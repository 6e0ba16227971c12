"""The same network as a worker publishes it: through the tick, calibrated by what came."""

from pathlib import Path
from tempfile import TemporaryDirectory

from accuracy.material import Material
from gridcast.learning.backtest.arguments import ask
from gridcast.learning.backtest.progress import shown
from gridcast.learning.backtest.run import evaluate
from gridcast.models.evaluation.verified_forecasts import VerifiedForecasts
from gridcast.stream.settings import Settings
from gridcast.units import utc_time

HOURLY = 60


def publish(material: Material, file: bytes) -> VerifiedForecasts:
    """Forecast at the hours of the test as `gridcast backtest` does, by a model file.

    Every slot is a tick from which the calibration learns, from a window before the test on.
    """
    ((source,), (mapping,)) = material.files, material.mappings
    test, archive = material.split.test, material.data.archive
    with TemporaryDirectory() as folder:
        model = Path(folder) / "champion.onnx"
        model.write_bytes(file)
        asked = ask(
            str(source),
            mapping,
            Settings(horizon_hours=material.case.horizon_hours),
            models=[str(model)],
            start=utc_time(int(archive.begin_ms(test.first))).isoformat(),
            end=utc_time(int(archive.begin_ms(test.end))).isoformat(),
            every=HOURLY,
            report=Path(folder) / "backtest",
            baselines="none",
            retrain=None,
            training=None,
            processes=1,
            most_judged=material.sizes.test,
            step_minutes=archive.step_minutes,
            keep=False,
            tell=print,
        )
        with shown(asked.plan) as progress:
            _, judge = evaluate(asked, progress)
    return material.judged(judge.own)

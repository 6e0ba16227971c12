"""The settings of the deployments whose forecasts are compared."""

from pathlib import Path

from gridcast.stream.settings import Settings, load

PARTITIONS = 2


def settings_of(broker: str, folder: Path, name: str, horizon: float, model: str) -> Settings:
    """Return the settings of one deployment."""
    chosen = {
        "broker": broker,
        "topic_prefix": f"{name}.",
        "partitions": PARTITIONS,
        "clock": "replay",
        "horizon_hours": horizon,
        "model": model,
        "threads": 1,
        "cache_dir": folder / "cache",
    }
    return load().settings.model_copy(update=chosen)

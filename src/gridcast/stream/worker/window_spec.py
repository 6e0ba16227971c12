"""The windows of a deployment; apart from what forecasts, so that no network is loaded for them."""

from gridcast.models.windows import WindowSpec
from gridcast.stream.settings import Settings


def window_spec(settings: Settings) -> WindowSpec:
    """Give the shape of the windows."""
    return WindowSpec(
        settings.step_minutes, settings.window_days, hold_minutes=settings.hold_minutes
    )

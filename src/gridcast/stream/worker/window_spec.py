"""The shape of a deployment's windows, in a module that does not import the network."""

from gridcast.models.windows import WindowSpec
from gridcast.stream.settings import Settings


def window_spec(settings: Settings) -> WindowSpec:
    """Return the shape of the windows."""
    return WindowSpec(
        settings.step_minutes, settings.window_days, hold_minutes=settings.hold_minutes
    )

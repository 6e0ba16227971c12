"""The settings that the agents need of a deployment."""

from gridcast.agents.partition_processor import (
    ContextOf,
    Encode,
    ProcessorSettings,
    no_context,
    no_outputs,
)
from gridcast.models.feed_guard import FeedLimit
from gridcast.models.tick import TickSetup
from gridcast.stream.settings import Settings
from gridcast.stream.worker.forecasting import time_bounds
from gridcast.stream.worker.window_spec import window_spec


def processor_settings(
    settings: Settings,
    setup: TickSetup = TickSetup(),  # noqa: B008 - frozen
    *,
    context: ContextOf = no_context,
    encode: Encode = no_outputs,
) -> ProcessorSettings:
    """Return how this deployment decodes, folds and watches readings, and runs ticks."""
    return ProcessorSettings(
        spec=window_spec(settings),
        lateness_ms=round(settings.lateness_s * 1000),
        bounds=time_bounds(settings),
        message_bytes=settings.message_bytes,
        feed_limit=FeedLimit(
            settings.dead_letter_limit_share, settings.dead_letter_limit_per_minute
        ),
        is_watched=settings.detect,
        setup=setup,
        context=context,
        encode=encode,
    )

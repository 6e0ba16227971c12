"""One worker as a process: started, heard from once a minute, stopped."""

import logging
import logging.config
from typing import Any

import faust

from gridcast.agents.readings import Tally
from gridcast.stream.app import make_app
from gridcast.stream.kafka import group
from gridcast.stream.logs import Level, configuration
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.worker")
SAY_EVERY_S = 60.0


def run(settings: Settings, log_level: Level) -> None:
    """Run until a signal; what was taken is then worked off, acknowledged, and the group left."""
    tally = Tally()
    app = make_app(settings, tally)

    async def say_how_it_goes() -> None:
        LOG.info("%s", summary(tally))

    async def say_partitions(_: Any, assigned: Any, **__: Any) -> None:
        taken = sorted(f"{tp.topic}/{tp.partition}" for tp in assigned)
        LOG.info("partitions: %s", ", ".join(taken) or "none (more workers than partitions)")

    app.timer(SAY_EVERY_S)(say_how_it_goes)
    connect: Any = app.on_partitions_assigned.connect  # typed as if it passed no arguments
    connect(say_partitions)
    app.finalize()
    logging.config.dictConfig(configuration(log_level))
    worker = faust.Worker(app, loglevel=log_level, logging_config=configuration(log_level))
    LOG.info("worker of group %s at %s", group(settings), settings.broker)
    try:
        worker.execute_from_commandline()
    finally:
        LOG.info("stopped: %s", summary(tally))


def summary(tally: Tally) -> str:
    """Say in one line what became of the readings."""
    refused = ", ".join(f"{reason} {count:,}" for reason, count in tally.refused.most_common())
    return f"{tally.used:,} readings used, {tally.refused.total():,} refused" + (
        f" ({refused})" if refused else ""
    )

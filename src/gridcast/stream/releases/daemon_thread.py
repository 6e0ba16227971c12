"""Work in a thread that nobody waits for when the process ends."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Do it beside the event loop.

    An executor's threads are joined before Python ends, and a bucket that does not answer would
    hold up a worker that is to stop.
    """
    done: Future[Result] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)

    Thread(target=run, name="models", daemon=True).start()
    return await asyncio.wrap_future(done)

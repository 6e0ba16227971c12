"""Running work in a daemon thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Run work in a daemon thread, and return its result.

    Python joins an executor's threads before it exits: a bucket that does not answer would hold up
    a worker that stops.
    """
    done: Future[Result] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            done.set_exception(error)

    Thread(target=run, name="models", daemon=True).start()
    return await asyncio.wrap_future(done)

"""Retry what needs Kafka until Kafka answers.

The backoff is tenacity's: exponential with a cap and jitter, and no limit on the attempts. A worker
that gave up would only be restarted, and wait again. The log has one line if the wait is long, and
one when it is over.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from threading import Event
from typing import TypeVar

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from confluent_kafka import KafkaException
from tenacity import AsyncRetrying, RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_exponential

from gridcast.stream.kafka.access import as_user_error

LOG = logging.getLogger("gridcast.kafka")
FIRST_S, LONGEST_S = 0.05, 2.0
JITTER = 0.1
"""Share of a pause that is drawn at random, so that workers don't retry in step."""
REPORT_AFTER_S = 5.0
"""A restart of a broker takes less than this, and is not worth a log line."""
UNAVAILABLE = (KafkaConnectionError, KafkaTimeoutError, ConnectionError)

Result = TypeVar("Result")


class RetryStoppedError(Exception):
    """The retrying was stopped from outside while Kafka did not answer."""


def backoff_s(attempt: int, first_s: float, longest_s: float) -> float:
    """Return the pause in seconds after a failed attempt; the first attempt has number 1."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    return _wait(first_s, longest_s)(state)


async def retry_async(what: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Call `attempt` until it succeeds, and return its result.

    Errors that waiting does not help are raised. If Kafka denies access, that is a
    :class:`UserError`.
    """

    async def await_attempt() -> Result:
        return await attempt()  # tenacity would not await what a lambda returns

    report = _WaitReport(what)
    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        wait=_wait(FIRST_S, LONGEST_S),
        retry=retry_if_exception(_is_retriable),
        before_sleep=report.failed,
    )
    try:
        result: Result = await retrying(await_attempt)
    except KafkaError as error:
        raise as_user_error(error) from None
    report.succeeded()
    return result


class BlockingRetry:
    """Retries blocking calls that belong to one task, such as writing one table.

    Calls may be nested. Only the outermost ends the wait that is reported.

    Parameters
    ----------
    what
        Name of the task in the log.
    ended
        Stops the retrying when it is set.
    check
        Called before each pause once the wait is long. It raises if waiting does not help.
    """

    def __init__(self, what: str, ended: Event, check: Callable[[], None] = lambda: None) -> None:
        self._ended = ended
        self._report = _WaitReport(what, check)
        self._depth = 0

    def __call__(
        self, attempt: Callable[[], Result], is_retriable: Callable[[BaseException], bool]
    ) -> Result:
        """Call `attempt` until it succeeds, and return its result.

        Raises
        ------
        RetryStoppedError
            `ended` was set while it waited for the next attempt.
        """
        retrying = Retrying(
            sleep=self._sleep,
            wait=_wait(FIRST_S, LONGEST_S),
            retry=retry_if_exception(is_retriable),
            before_sleep=self._report.failed,
        )
        failure: BaseException | None = None
        self._depth += 1
        try:
            try:
                result = retrying(attempt)
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = error
            else:
                if self._depth == 1:
                    self._report.succeeded()
                return result
            # Tenacity's frames refer to the error, and its traceback to them; so may what it was
            # raised from. In such a cycle a producer, and its threads, would live until the garbage
            # collector runs.
            failure.__context__ = None
            raise failure.with_traceback(None)
        finally:
            self._depth -= 1
            failure = None

    def _sleep(self, seconds: float) -> None:
        if self._ended.wait(seconds):
            raise RetryStoppedError("it was closed")


class _WaitReport:
    """Logs a wait that is long: once when it is noticed, and once when it is over."""

    def __init__(self, what: str, check: Callable[[], None] = lambda: None) -> None:
        self._what = what
        self._check = check
        self._began_s: float | None = None
        self._is_reported = False

    def failed(self, state: RetryCallState) -> None:
        """Report a failed attempt, once the wait is long."""
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        elif now_s - self._began_s > REPORT_AFTER_S:
            self._check()
            if not self._is_reported:
                self._is_reported = True
                error = None if state.outcome is None else state.outcome.exception()
                LOG.warning("%s waits for Kafka: %s", self._what, _reason(error))

    def succeeded(self) -> None:
        """Report the success, if the wait was reported, and reset the wait."""
        if self._is_reported and self._began_s is not None:
            LOG.warning("%s goes on, after %.0f s", self._what, time.monotonic() - self._began_s)
        self._began_s, self._is_reported = None, False


def _wait(first_s: float, longest_s: float) -> Callable[[RetryCallState], float]:
    exponential = wait_exponential(multiplier=first_s, max=longest_s)
    return lambda state: exponential(state) * (1 - random.uniform(0, JITTER))


def _is_retriable(error: BaseException) -> bool:
    if isinstance(error, UNAVAILABLE):
        return True
    return isinstance(error, KafkaError) and bool(getattr(error, "retriable", False))


def _reason(error: BaseException | None) -> object:
    return error.args[0].str() if isinstance(error, KafkaException) else error

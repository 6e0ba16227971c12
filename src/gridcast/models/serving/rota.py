"""Who is on duty at which tick."""

from bisect import bisect_right
from threading import Lock

from gridcast.models.serving.duty import NO_MODELS, ServingModels


class ServingSchedule:
    """The duty of each tick, the same for all partitions of a worker.

    It is fixed when the first partition comes to the tick. A later change shows at ticks later than
    all that were begun, so a partition that is behind answers a tick with whom the others had. Safe
    to use from several threads.

    Examples
    --------
    >>> old, new = Duty(), Duty()
    >>> rota = Rota(old)
    >>> rota.duty_at(60_000) is old
    True
    >>> rota.change(new)
    >>> rota.duty_at(60_000) is old, rota.duty_at(120_000) is new, rota.duty_at(0) is old
    (True, True, True)
    """

    def __init__(self, duty: ServingModels = NO_MODELS) -> None:
        self._next = duty
        self._lock = Lock()
        self._newest_ms: int | None = None
        self._since_ms: list[int] = []
        self._duties: list[ServingModels] = []
        """Each from its tick on, up to the next one's."""

    def change(self, duty: ServingModels) -> None:
        """Put others on duty, from the next tick on that nobody has come to."""
        with self._lock:
            self._next = duty

    def duty_at(self, tick_ms: int) -> ServingModels:
        """Give the duty of a tick."""
        with self._lock:
            if self._newest_ms is None or tick_ms > self._newest_ms:
                self._newest_ms = tick_ms
                if not self._duties or self._duties[-1] is not self._next:
                    self._since_ms.append(tick_ms)
                    self._duties.append(self._next)
            return self._duties[max(0, bisect_right(self._since_ms, tick_ms) - 1)]

    def forget(self, oldest_ms: int) -> None:
        """Let go of whom no tick from this one on asks for: no partition is further behind."""
        with self._lock:
            gone = max(0, bisect_right(self._since_ms, oldest_ms) - 1)
            del self._since_ms[:gone], self._duties[:gone]

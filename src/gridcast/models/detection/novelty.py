"""Nearest-neighbour novelty of one series' readings, for series without a forecast.

The novelty of a reading is its distance to the nearest remembered reading. Its score is how far
that novelty lies above the series' mean novelty, in standard deviations. A score counts only if no
recent score was as large, so that a run of odd readings is reported once.
"""

from bisect import bisect_left, insort
from collections import deque
from math import sqrt

MEMORY = 4_000
"""Number of readings that are remembered."""
USUAL = 6_000
"""Number of novelties that mean and deviation are computed from."""
REST = 120
"""Number of readings for which a larger earlier score suppresses the next ones."""
FEWEST = 1e-3
"""Lower bound on the deviation, as a share of the mean novelty, for series that repeat exactly."""


class Novelty:
    """The scores of one series.

    Examples
    --------
    >>> novelty = Novelty()
    >>> day = [novelty.update(hour * 7 % 24 + hour / 1000) for hour in range(960)]
    >>> round(max(day[480:])), round(novelty.update(40.0)), novelty.update(41.0)
    (0, 36, 0.0)
    """

    def __init__(self) -> None:
        self._order: deque[float] = deque(maxlen=MEMORY)
        self._sorted: list[float] = []
        self._usual: deque[float] = deque(maxlen=USUAL)
        self._sum = self._squares = 0.0
        self._recent: deque[tuple[int, float]] = deque()
        self._count = 0

    def update(self, value: float) -> float:
        """Return a reading's score and learn from it: 0 is no news, 2 deserves attention."""
        novelty = self._nearest(value)
        score = self._score(novelty)
        self._remember(value, novelty)
        return self._news(score)

    def _nearest(self, value: float) -> float:
        if not self._sorted:
            return 0.0
        place = bisect_left(self._sorted, value)
        return min(
            abs(value - neighbour) for neighbour in self._sorted[max(place - 1, 0) : place + 1]
        )

    def _score(self, novelty: float) -> float:
        count = max(len(self._usual), 1)
        mean = self._sum / count
        spread = sqrt(max(self._squares / count - mean * mean, 0.0)) + FEWEST * mean
        return (novelty - mean) / spread if spread else 0.0

    def _remember(self, value: float, novelty: float) -> None:
        if len(self._order) == MEMORY:
            del self._sorted[bisect_left(self._sorted, self._order[0])]
        self._order.append(value)
        insort(self._sorted, value)
        if len(self._usual) == USUAL:
            old = self._usual[0]
            self._sum, self._squares = self._sum - old, self._squares - old * old
        self._usual.append(novelty)
        self._sum, self._squares = self._sum + novelty, self._squares + novelty * novelty

    def _news(self, score: float) -> float:
        """Return the score if it exceeds all recent ones, else 0. The queue's first is its max."""
        self._count += 1
        recent = self._recent
        while recent and recent[0][0] <= self._count - REST:
            recent.popleft()
        is_news = not recent or score > recent[0][1]
        while recent and recent[-1][1] <= score:
            recent.pop()
        recent.append((self._count, score))
        return max(score, 0.0) if is_news else 0.0

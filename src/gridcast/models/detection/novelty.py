"""What one series has never done before, where there is no forecast: nothing but its readings.

How far a reading is from the nearest of those in memory is its novelty; how much larger that is
than novelties of this series usually are, its score. Of several in a row only the first and
largest is news: a score counts if none of the newest before it was as large.
"""

from bisect import bisect_left, insort
from collections import deque
from math import sqrt

MEMORY = 4_000
"""Readings that are remembered."""
USUAL = 6_000
"""Novelties from which is known what is usual."""
REST = 120
"""Readings for which a score is compared with those before it."""
FEWEST = 1e-3
"""Of the mean novelty: the spread is no smaller, for series that repeat themselves exactly."""


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
        self._known: list[float] = []
        self._usual: deque[float] = deque(maxlen=USUAL)
        self._sum = self._squares = 0.0
        self._recent: deque[tuple[int, float]] = deque()
        self._count = 0

    def update(self, value: float) -> float:
        """Give how new a reading is: 0 if it is no news; from about 2 on it is worth a look."""
        novelty = self._nearest(value)
        score = self._score(novelty)
        self._remember(value, novelty)
        return self._news(score)

    def _nearest(self, value: float) -> float:
        if not self._known:
            return 0.0
        place = bisect_left(self._known, value)
        return min(abs(value - known) for known in self._known[max(place - 1, 0) : place + 1])

    def _score(self, novelty: float) -> float:
        count = max(len(self._usual), 1)
        mean = self._sum / count
        spread = sqrt(max(self._squares / count - mean * mean, 0.0)) + FEWEST * mean
        return (novelty - mean) / spread if spread else 0.0

    def _remember(self, value: float, novelty: float) -> None:
        if len(self._order) == MEMORY:
            del self._known[bisect_left(self._known, self._order[0])]
        self._order.append(value)
        insort(self._known, value)
        if len(self._usual) == USUAL:
            old = self._usual[0]
            self._sum, self._squares = self._sum - old, self._squares - old * old
        self._usual.append(novelty)
        self._sum, self._squares = self._sum + novelty, self._squares + novelty * novelty

    def _news(self, score: float) -> float:
        """Give the score if it is larger than those of late: a queue whose first is the largest."""
        self._count += 1
        recent = self._recent
        while recent and recent[0][0] <= self._count - REST:
            recent.popleft()
        is_news = not recent or score > recent[0][1]
        while recent and recent[-1][1] <= score:
            recent.pop()
        recent.append((self._count, score))
        return max(score, 0.0) if is_news else 0.0

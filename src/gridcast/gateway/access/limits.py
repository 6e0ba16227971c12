"""How much one account may ask for: requests a minute, and connections at a time."""

from collections import Counter

from gridcast.gateway.access.identity import Identity

MINUTE_S = 60.0


class TokenBucket:
    """A bucket of requests that fills again as time goes on.

    >>> bucket = TokenBucket(per_minute=60, now=0)
    >>> [bucket.take(0) for _ in range(61)].count(True), bucket.take(1.0), bucket.take(1.1)
    (60, True, False)
    """

    __slots__ = ("_at", "_left", "_per_minute")

    def __init__(self, per_minute: int, now: float) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one request, if there is one."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Tell whether nothing was taken for a while."""
        self._fill(now)
        return self._left >= self._per_minute

    def _fill(self, now: float) -> None:
        earned = (now - self._at) * self._per_minute / MINUTE_S
        self._left, self._at = min(self._left + earned, self._per_minute), now


class AccountLimits:
    """What the accounts have taken of this gateway."""

    def __init__(self) -> None:
        self._connections: Counter[str] = Counter()
        self._buckets: dict[str, TokenBucket] = {}

    def add_connection(self, identity: Identity) -> bool:
        """Count a connection, if the account may have one more."""
        if self._connections[identity.account] >= identity.connections:
            return False
        self._connections[identity.account] += 1
        return True

    def remove_connection(self, identity: Identity) -> None:
        """Count a connection less."""
        self._connections[identity.account] -= 1
        if not self._connections[identity.account]:
            del self._connections[identity.account]

    def allow_request(self, identity: Identity, now: float) -> bool:
        """Count a request, if the account has one left."""
        bucket = self._buckets.get(identity.account)
        if bucket is None:
            bucket = self._buckets[identity.account] = TokenBucket(
                identity.requests_per_minute, now
            )
        return bucket.take(now)

    def forget(self, now: float) -> None:
        """Let go of the accounts that ask for nothing."""
        for account in [one for one, bucket in self._buckets.items() if bucket.is_full(now)]:
            del self._buckets[account]

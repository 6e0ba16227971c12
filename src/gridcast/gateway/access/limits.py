"""The limits of an account: requests a minute, and connections at a time."""

from collections import Counter

from gridcast.gateway.access.identity import Identity

MINUTE_S = 60.0


class TokenBucket:
    """A token bucket of requests, refilled continuously.

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
        """Take one request; return False if none is left."""
        self._fill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def is_full(self, now: float) -> bool:
        """Return True if the bucket has been refilled completely."""
        self._fill(now)
        return self._left >= self._per_minute

    def _fill(self, now: float) -> None:
        earned = (now - self._at) * self._per_minute / MINUTE_S
        self._left, self._at = min(self._left + earned, self._per_minute), now


class AccountLimits:
    """The connections and requests of each account at this gateway."""

    def __init__(self) -> None:
        self._connections: Counter[str] = Counter()
        self._buckets: dict[str, TokenBucket] = {}

    def add_connection(self, identity: Identity) -> bool:
        """Count a connection; return False if the account has too many."""
        if self._connections[identity.account] >= identity.connections:
            return False
        self._connections[identity.account] += 1
        return True

    def remove_connection(self, identity: Identity) -> None:
        """Remove a connection from the count."""
        self._connections[identity.account] -= 1
        if not self._connections[identity.account]:
            del self._connections[identity.account]

    def allow_request(self, identity: Identity, now: float) -> bool:
        """Count a request; return False if the account has none left."""
        bucket = self._buckets.get(identity.account)
        if bucket is None:
            bucket = self._buckets[identity.account] = TokenBucket(
                identity.requests_per_minute, now
            )
        return bucket.take(now)

    def forget(self, now: float) -> None:
        """Drop the accounts that have been idle until their bucket was full."""
        idle = [account for account, bucket in self._buckets.items() if bucket.is_full(now)]
        for account in idle:
            del self._buckets[account]

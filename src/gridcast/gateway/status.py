"""The status that a gateway reports: its name, whether it is ready, and what does not work."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

from gridcast.gateway.access.identity import Identity
from gridcast.gateway.latest_state import LatestState
from gridcast.schemas.gateway import Current, Welcome

NAME = f"{socket.gethostname()}/{os.getpid()}"


class GatewayStatus:
    """The status of a gateway.

    Parameters
    ----------
    state
        The newest message of every kind and key.
    is_open
        True if every client is admitted.
    heartbeat_s
        Interval of the heartbeats, seconds.
    stale_s
        Returns the seconds since Kafka last answered; 0 if it answers.
    missing
        Returns what has not been read yet; empty if everything has.
    degraded
        Returns what else does not work.
    """

    def __init__(
        self,
        *,
        state: LatestState,
        is_open: bool,
        heartbeat_s: float,
        stale_s: Callable[[], float],
        missing: Callable[[], str],
        degraded: Callable[[], list[str]],
    ) -> None:
        self.why_not_ready = missing
        self._state = state
        self._is_open = is_open
        self._heartbeat_s = heartbeat_s
        self._stale_s = stale_s
        self._degraded = degraded

    def degraded(self) -> list[str]:
        """Return what does not work at present, in words."""
        stale_s = self._stale_s()
        problems = [f"nothing heard of Kafka for {stale_s:.0f} s"] if stale_s else []
        return problems + self._degraded()

    def welcome(self, identity: Identity) -> Welcome:
        """Return the greeting of an authenticated client."""
        return Welcome(
            gateway=NAME,
            version=version("gridcast"),
            time=datetime.now(UTC),
            who=identity.who,
            scopes=sorted(identity.scopes),
            below=sorted(identity.below),
            open=self._is_open,
            heartbeat_s=self._heartbeat_s,
            degraded=self.degraded(),
        )

    def current(self, subscription: str | None) -> Current:
        """Return the message with the position up to which everything was read."""
        position = self._state.position()
        return Current(
            subscription=subscription,
            epoch=position.epoch,
            seq=position.seq,
            time=datetime.now(UTC),
            stale_s=round(self._stale_s(), 1),
            degraded=self.degraded(),
        )

"""What a gateway says of itself: who it is, whether it is ready, what does not work."""

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
    """Says how the gateway stands.

    Parameters
    ----------
    state
        What is known.
    is_open
        Whether everybody is let in.
    heartbeat_s
        How often whoever has all is told so.
    stale_s
        Gives for how long nothing was heard of Kafka.
    missing
        Gives what was not read yet; nothing once all was.
    degraded
        Gives what else does not work.
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
        """Give what does not work at the moment, in words."""
        stale_s = self._stale_s()
        silent = [f"nothing heard of Kafka for {stale_s:.0f} s"] if stale_s else []
        return silent + self._degraded()

    def welcome(self, identity: Identity) -> Welcome:
        """Greet somebody who was let in."""
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
        """Say up to where everything is known."""
        place = self._state.position()
        return Current(
            subscription=subscription,
            epoch=place.epoch,
            seq=place.seq,
            time=datetime.now(UTC),
            stale_s=round(self._stale_s(), 1),
            degraded=self.degraded(),
        )

"""Loads releases, and keeps those that are unfit, with the reason."""

import logging
import socket
import time
from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, datetime

from gridcast.agents.metrics import Metrics
from gridcast.models.network import Network
from gridcast.models.serving import LoadedRelease
from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.models.serving.selection import NetworkRequirements, UnfitError
from gridcast.schemas import Release, ReleaseRefused, Unfit
from gridcast.stream.kafka.retry import backoff_s
from gridcast.stream.releases.artifacts import Artifacts
from gridcast.stream.releases.daemon_thread import aside
from gridcast.stream.releases.refusals import Refusals

LOG = logging.getLogger("gridcast.releases")
AGAIN_S, LONGEST_S = 1.0, 60.0
"""First and longest pause before an error that may pass is retried."""
DETAIL_LENGTH = 300
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Unfitness:
    """Why a release is not used, and when it is tried again."""

    release: Release
    because: Unfit
    detail: str
    attempts: int
    """How many times in a row it failed."""
    again_s: float
    """Time of the next attempt, by the monotonic clock."""

    def __str__(self) -> str:
        return f"{self.release.model} {self.release.release}: {self.because}: {self.detail}"


class Loader:
    """Loads the networks of releases, in threads beside the event loop.

    Parameters
    ----------
    releases
        The current contents of the topic.
    needs
        What the deployment needs of a network.
    artifacts
        Fetches and caches the files.
    refusals
        Publishes what was refused.
    metrics
        Counts what was loaded and refused.
    """

    def __init__(
        self,
        releases: ReleaseRegistry,
        needs: NetworkRequirements,
        artifacts: Artifacts,
        refusals: Refusals,
        metrics: Metrics,
    ) -> None:
        self._releases = releases
        self._needs = needs
        self._artifacts = artifacts
        self._refusals = refusals
        self._metrics = metrics
        self._machine = socket.gethostname()
        self._in_use: dict[tuple[str, str, str], LoadedRelease] = {}
        self._unfit: dict[bytes | None, Unfitness] = {}

    async def take(self, release: Release) -> LoadedRelease | Unfitness:
        """Return a release ready for use, or why it is unfit."""
        name = (release.model, release.release, release.digest)
        if name not in self._in_use:
            before = self._unfit.get(release.key)
            if before is not None and before.release != release:
                before = None  # it has another role or another file, so it is tried anew
            if before is not None and time.monotonic() < before.again_s:
                return before
            began_s = time.monotonic()
            try:
                network = await aside(lambda: self._load(release))
            except UnfitError as error:
                return self._refuse(release, error, before)
            self._metrics.release_loaded(time.monotonic() - began_s)
            self._in_use[name] = LoadedRelease(release.model, release.release, network)
        self._unfit.pop(release.key, None)
        self._take_back(release)
        return self._in_use[name]

    def keep(self, in_use: Container[LoadedRelease]) -> None:
        """Drop all other networks, and refusals of releases that the topic has replaced."""
        self._in_use = {name: loaded for name, loaded in self._in_use.items() if loaded in in_use}
        self._unfit = {
            key: unfit
            for key, unfit in self._unfit.items()
            if self._releases.known(unfit.release) in {None, unfit.release}  # None: the box's
        }

    def _load(self, release: Release) -> Network:
        return self._needs.network(self._artifacts.get(release.url, release.digest))

    def _refuse(self, release: Release, error: UnfitError, before: Unfitness | None) -> Unfitness:
        attempts = 1 if before is None else before.attempts + 1
        again_s = NEVER
        if error.because.may_pass:
            again_s = time.monotonic() + backoff_s(attempts, AGAIN_S, LONGEST_S)
        unfit = Unfitness(release, error.because, error.detail, attempts, again_s)
        self._unfit[release.key] = unfit
        if before is None or before.because is not unfit.because:
            self._metrics.release_refused(unfit.because)
            LOG.error("release refused: %s", unfit)
            self._publish(unfit)
        return unfit

    def _publish(self, unfit: Unfitness) -> None:
        """Publish a refusal, unless the topic has it already, or not this release."""
        release = unfit.release
        refused = self._releases.refusal(release)
        if self._releases.known(release) != release:
            return
        if refused is not None and refused.because is unfit.because:
            return
        self._refusals.tell(
            ReleaseRefused(
                model=release.model,
                release=release.release,
                series_kind=release.series_kind,
                digest=release.digest,
                released_at=release.released_at,
                because=unfit.because,
                detail=unfit.detail[:DETAIL_LENGTH],
                refused_at=datetime.now(UTC),
                refused_by=self._machine,
            )
        )

    def _take_back(self, release: Release) -> None:
        refused = self._releases.refusal(release)
        if refused is not None and refused.refused_by == self._machine:
            self._refusals.take_back(refused)

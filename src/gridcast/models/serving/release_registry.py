"""The registered releases and their roles: the current state of the topic `model.releases`."""

from collections.abc import Iterator

from gridcast.schemas import Release, ReleaseRefused, Role, SeriesKind


class ReleaseRegistry:
    """The newest message of each release, in the order in which they were sent.

    From the order follows who serves (docs/decisions/releases.md).

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> def sent(name: str, role: Role) -> Release:
    ...     digest, now = "sha256:" + "0" * 64, datetime.now(UTC)
    ...     return Release(
    ...         model="m", release=name, role=role, digest=digest, url="s3://b/m", released_at=now
    ...     )
    >>> releases = ReleaseRegistry()
    >>> for name in ("one", "two", "three"):
    ...     releases.take(sent(name, Role.CHAMPION))
    >>> releases.take(sent("three", Role.WITHDRAWN))
    >>> [release.release for release in releases.champions(None)]
    ['two', 'one']
    """

    def __init__(self) -> None:
        self._releases: dict[bytes, Release] = {}
        self._refused: dict[bytes, ReleaseRefused] = {}

    def __len__(self) -> int:
        return len(self._releases)

    def __iter__(self) -> Iterator[Release]:
        """Yield all releases, newest first."""
        return reversed(self._releases.values())

    def take(self, release: Release) -> None:
        """Take a release in its newest role."""
        key = release.key or b""
        self._releases.pop(key, None)
        self._releases[key] = release

    def refuse(self, refused: ReleaseRefused) -> None:
        """Register that a worker could not take a release into use."""
        self._refused[refused.key or b""] = refused

    def remove(self, key: bytes) -> None:
        """Forget a release, or that it was refused."""
        self._releases.pop(key, None)
        self._refused.pop(key, None)

    def known(self, release: Release) -> Release | None:
        """Return the registered release with this release's key."""
        return self._releases.get(release.key or b"")

    def kinds(self) -> list[SeriesKind | None]:
        """Return the kinds of series that have releases in a role; None stands for all kinds."""
        kinds = {one.series_kind for one in self if one.role is not Role.WITHDRAWN}
        return sorted(kinds, key=str)

    def champions(self, kind: SeriesKind | None) -> list[Release]:
        """Return the champions of a kind, newest first: the first is to serve."""
        return self._in(Role.CHAMPION, kind)

    def serving(self, kind: SeriesKind | None) -> Release | None:
        """Return the newest champion that no worker has refused; None: there is none."""
        return next((one for one in self.champions(kind) if self.refusal(one) is None), None)

    def challengers(self, kind: SeriesKind | None) -> list[Release]:
        """Return the challengers to run in shadow mode, newest first."""
        return self._in(Role.CHALLENGER, kind)

    def refusal(self, release: Release) -> ReleaseRefused | None:
        """Return why a worker could not take a release into use; None: no worker has refused it."""
        found = self._refused.get((release.key or b"") + b" refused")
        return found if found is not None and found.is_about(release) else None

    def is_bad(self, release: Release) -> bool:
        """Return True if a worker has found its artifact unfit for good."""
        refused = self.refusal(release)
        return refused is not None and not refused.because.may_pass

    def _in(self, role: Role, kind: SeriesKind | None) -> list[Release]:
        return [one for one in self if one.role is role and one.series_kind is kind]

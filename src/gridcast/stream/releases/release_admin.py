"""Publishing, promoting and withdrawing releases."""

from datetime import UTC, datetime

from pydantic import ValidationError

from gridcast.models.serving.release_registry import ReleaseRegistry
from gridcast.models.serving.selection import UnfitError
from gridcast.schemas import Release, ReleaseRefused, Role, SeriesKind, read
from gridcast.schemas.topics import RELEASES
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.bulk_producer import BulkProducer
from gridcast.stream.kafka.compacted_topic import latest_by_key
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.releases.artifacts import digest_of
from gridcast.stream.releases.locations import fetch, url_of
from gridcast.stream.releases.model_selector import needs_of
from gridcast.stream.settings import Settings

Kind = SeriesKind | None


class ReleaseAdmin:
    """Reads and changes the releases of a deployment.

    Parameters
    ----------
    settings
        The deployment's settings; what it needs of a network follows from them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + RELEASES.name
        if self._topic not in {topic.name for topic in TopicAdmin(settings).look().present}:
            raise UserError(f"no topic {self._topic}; create it with `gridcast topics create`")
        self.releases = self._read()

    def prepare(
        self,
        file: str,
        role: Role,
        kind: Kind,
        share: float,
        by: str,
        *,
        model: str | None = None,
        name: str | None = None,
    ) -> Release:
        """Check a file as a worker will, and return its release without publishing it.

        Model and name default to those in the file: the model and the run it was trained in.
        """
        url = url_of(file)
        try:
            data = fetch(url)
            contract = needs_of(self._settings).network(data).contract
        except UnfitError as error:
            raise UserError(f"{file} cannot serve here: {error.because}: {error.detail}") from None
        try:
            made = Release(
                model=model or contract.model,
                release=name or contract.run,
                role=role,
                digest=digest_of(data),
                url=url,
                released_at=datetime.now(UTC),
                released_by=by,
                series_kind=kind,
                share=share,
            )
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise UserError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        known = self.releases.known(made)
        if known is not None and known.digest != made.digest:
            raise UserError(
                f"{known.model} {known.release} is released already, and is another file: "
                "give this one another name with --release"
            )
        return made

    def give_out(self, release: Release) -> list[Release]:
        """Publish a release; a new challenger replaces the former one."""
        before: list[Release] = []
        if release.role is Role.CHALLENGER:
            former = self.releases.challengers(release.series_kind)
            before = [challenger for challenger in former if challenger.key != release.key]
        by = release.released_by
        sent = [release, *(_in_role(former, Role.WITHDRAWN, by) for former in before)]
        return self._send(sent)

    def promote(self, kind: Kind, by: str) -> list[Release]:
        """Make the challenger the champion."""
        challengers = self.releases.challengers(kind)
        if not challengers:
            raise UserError(f"there is no challenger for {kind_name(kind)}")
        challenger = challengers[0]
        refused = self.releases.refusal(challenger)
        if refused is not None and self.releases.is_bad(challenger):
            raise UserError(
                f"{challenger.model} {challenger.release} is refused by the workers: "
                f"{refused.because}: {refused.detail}"
            )
        return self._send([_in_role(challenger, Role.CHAMPION, by)])

    def roll_back(self, kind: Kind, by: str) -> list[Release]:
        """Withdraw the serving champion, and the newer champions that are unfit."""
        champions = self.releases.champions(kind)
        if not champions:
            raise UserError(f"there is no champion for {kind_name(kind)} to roll back")
        serving = self.releases.serving(kind) or champions[-1]
        until = champions.index(serving) + 1
        return self._send(
            [_in_role(champion, Role.WITHDRAWN, by) for champion in champions[:until]]
        )

    def withdraw(self, name: str, kind: Kind, model: str | None, by: str) -> list[Release]:
        """Take a release out of its role."""
        matches = [
            release
            for release in self.releases
            if release.release == name
            and release.series_kind is kind
            and release.role is not Role.WITHDRAWN
            and model in {None, release.model}
        ]
        if not matches:
            raise UserError(
                f"no release {name} has a role for {kind_name(kind)} (`gridcast models list`)"
            )
        if len(matches) > 1:
            models = ", ".join(sorted(release.model for release in matches))
            raise UserError(f"several models have a release {name}: {models}; say which: --model")
        return self._send([_in_role(matches[0], Role.WITHDRAWN, by)])

    def _read(self) -> ReleaseRegistry:
        releases = ReleaseRegistry()
        for key, value in latest_by_key(self._settings, self._topic, 0).items():
            message = read(RELEASES, key, value, limit=self._settings.message_bytes)
            if isinstance(message, Release):
                releases.take(message)
            elif isinstance(message, ReleaseRefused):
                releases.refuse(message)
        return releases

    def _send(self, releases: list[Release]) -> list[Release]:
        """Send releases; return them when Kafka has confirmed them."""
        producer = BulkProducer(self._settings, [RELEASES])
        producer.send(RELEASES, [(release.key, release.to_bytes()) for release in releases])
        producer.flush()
        for release in releases:
            self.releases.take(release)
        return releases


def kind_name(kind: Kind) -> str:
    """Return the text for the kind of series that a release is for."""
    return "all kinds of series" if kind is None else f"kind {kind}"


def _in_role(release: Release, role: Role, by: str) -> Release:
    share = release.share if role is Role.CHALLENGER else 1.0
    changed = {"role": role, "share": share, "released_at": datetime.now(UTC), "released_by": by}
    return Release.model_validate(release.model_dump() | changed)

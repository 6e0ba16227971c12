"""Where releases are given out, promoted and taken back: the topic as it stands."""

from datetime import UTC, datetime

from pydantic import ValidationError

from gridcast.models.serving.needs import UnfitError
from gridcast.models.serving.releases import Releases
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
    """The releases of a deployment.

    Parameters
    ----------
    settings
        Of the deployment: what a network has to give follows from them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic_prefix + RELEASES.name
        if self._topic not in {topic.name for topic in TopicAdmin(settings).look().present}:
            raise UserError(f"not there: {self._topic}; make it with `gridcast topics create`")
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
        """Check a file as a worker will, and make its release; it is not given out yet.

        Model and name are by default those in the file: what it was trained as, and by which run.
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
        """Give a release its role; a new challenger takes the place of the one before."""
        before: list[Release] = []
        if release.role is Role.CHALLENGER:
            former = self.releases.challengers(release.series_kind)
            before = [one for one in former if one.key != release.key]
        sent = [release, *(_in_role(one, Role.WITHDRAWN, release.released_by) for one in before)]
        return self._send(sent)

    def promote(self, kind: Kind, by: str) -> list[Release]:
        """Make the challenger the champion."""
        found = self.releases.challengers(kind)
        if not found:
            raise UserError(f"there is no challenger for {kind_name(kind)}")
        challenger = found[0]
        refused = self.releases.refusal(challenger)
        if refused is not None and self.releases.is_bad(challenger):
            raise UserError(
                f"{challenger.model} {challenger.release} is refused by the workers: "
                f"{refused.because}: {refused.detail}"
            )
        return self._send([_in_role(challenger, Role.CHAMPION, by)])

    def roll_back(self, kind: Kind, by: str) -> list[Release]:
        """Withdraw the champion that serves, and with it those that were to but are unfit."""
        champions = self.releases.champions(kind)
        if not champions:
            raise UserError(f"there is no champion for {kind_name(kind)} to roll back")
        serving = self.releases.serving(kind) or champions[-1]
        until = champions.index(serving) + 1
        return self._send([_in_role(one, Role.WITHDRAWN, by) for one in champions[:until]])

    def withdraw(self, name: str, kind: Kind, model: str | None, by: str) -> list[Release]:
        """Take a release out of its role."""
        found = [
            one
            for one in self.releases
            if one.release == name
            and one.series_kind is kind
            and one.role is not Role.WITHDRAWN
            and model in {None, one.model}
        ]
        if not found:
            raise UserError(
                f"no release {name} has a role for {kind_name(kind)} (`gridcast models list`)"
            )
        if len(found) > 1:
            models = ", ".join(sorted(one.model for one in found))
            raise UserError(f"several models have a release {name}: {models}; say which: --model")
        return self._send([_in_role(found[0], Role.WITHDRAWN, by)])

    def _read(self) -> Releases:
        releases = Releases()
        for key, value in latest_by_key(self._settings, self._topic, 0).items():
            found = read(RELEASES, key, value, limit=self._settings.message_bytes)
            if isinstance(found, Release):
                releases.take(found)
            elif isinstance(found, ReleaseRefused):
                releases.refuse(found)
        return releases

    def _send(self, releases: list[Release]) -> list[Release]:
        """Send them; return when Kafka has them."""
        producer = BulkProducer(self._settings, [RELEASES])
        producer.send(RELEASES, [(one.key or b"", one.to_bytes()) for one in releases])
        producer.flush()
        for one in releases:
            self.releases.take(one)
        return releases


def kind_name(kind: Kind) -> str:
    """Say for whom a release is."""
    return "all kinds of series" if kind is None else f"kind {kind}"


def _in_role(release: Release, role: Role, by: str) -> Release:
    share = release.share if role is Role.CHALLENGER else 1.0
    changed = {"role": role, "share": share, "released_at": datetime.now(UTC), "released_by": by}
    return Release.model_validate(release.model_dump() | changed)

"""Releases on a real Kafka: given out, loaded, refused, promoted, rolled back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from support.consuming import all_of
from support.releases import model_file, release_of
from support.s3 import put, s3_server
from typer.testing import CliRunner

from gridcast.agents.metrics import Metrics
from gridcast.cli.main import app
from gridcast.models.serving import ServingModels
from gridcast.schemas import DeadLetter, Reason, Release, SeriesKind
from gridcast.schemas.topics import DEAD_LETTERS, RELEASES
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.config import producer_options
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.releases import loader
from gridcast.stream.releases.box import boxed
from gridcast.stream.settings import Settings
from gridcast.stream.worker.reference_data import ReferenceData

WITHIN_S = 60.0
LEVELS = (0.05, 0.5, 0.95)


class Site:
    """A deployment of hourly steps: its command line, and what a worker has on duty."""

    def __init__(self, kafka: str, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(
            broker=kafka,
            topic_prefix=f"{uuid4().hex[:8]}.",
            step_minutes=60,
            levels=LEVELS,
            cache_dir=folder / "cache",
        )
        admin = TopicAdmin(self.settings)
        admin.create(admin.look().missing)
        self.tick = 0

    def store(self, name: str, data: bytes) -> str:
        path = self.folder / f"{name}.onnx"
        path.write_bytes(data)
        return str(path)

    def run(self, *words: str) -> str:
        """Run `gridcast models …`; gives what it says."""
        settings = self.settings
        flags = ("--broker", settings.broker, "--topic-prefix", settings.topic_prefix)
        environment = {
            "GRIDCAST_STEP_MINUTES": "60",
            "GRIDCAST_LEVELS": "0.05,0.5,0.95",
            "COLUMNS": "200",
        }
        done = CliRunner().invoke(app, ["models", *words, *flags], env=environment)
        if done.exception is not None:
            raise done.exception
        return done.stdout

    async def models(self, *words: str) -> str:
        return await asyncio.to_thread(self.run, *words)

    async def listed(self, *words: str) -> dict[str, dict[str, Any]]:
        lines = (await self.models("list", "--json", *words)).splitlines()
        return {one["release"]: one for one in map(json.loads, lines)}

    def send(self, *messages: Release | tuple[bytes, bytes]) -> None:
        """Send releases as they stand, checked by nobody."""
        producer = Producer(producer_options(self.settings))
        for one in messages:
            key, value = (one.key, one.to_bytes()) if isinstance(one, Release) else one
            producer.produce(self.settings.topic_prefix + RELEASES.name, value, key)
        assert producer.flush(60) == 0

    def duty(self, background: ReferenceData) -> ServingModels:
        self.tick += 3_600_000
        return background.model_selector.models_at(self.tick)

    def champion(self, background: ReferenceData, kind: str = "meter") -> str | None:
        found = self.duty(background).champion(kind)
        return None if found is None else found.release

    async def serves(self, background: ReferenceData, release: str, kind: str = "meter") -> None:
        await until(lambda: self.champion(background, kind) == release)

    async def refused(self, name: str) -> dict[str, Any]:
        """Wait until the topic says that a release was refused; gives why."""
        why: dict[str, Any] = {}

        async def is_refused() -> bool:
            why.update((await self.listed())[name]["refused"] or {})
            return bool(why)

        await until(is_refused)
        return why


@asynccontextmanager
async def worker(site: Site, metrics: Metrics | None = None) -> AsyncIterator[ReferenceData]:
    """Run what a worker knows beside its readings, and write its dead letters."""
    background = ReferenceData(site.settings, metrics or Metrics("1", "test"))
    await asyncio.wait_for(background.start(), WITHIN_S)
    try:
        await background.write_letters(mine=True)
        yield background
    finally:
        await asyncio.wait_for(background.stop(), WITHIN_S)


async def until(true: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


@pytest.fixture
def site(kafka: str, tmp_path: Path) -> Site:
    return Site(kafka, tmp_path)


async def test_released_promoted_and_rolled_back_while_a_worker_runs(site: Site) -> None:
    one, two = site.store("one", model_file("r1", seed=1)), site.store("two", model_file("r2"))
    async with worker(site) as background:
        assert site.duty(background).champions[None].model == "box-60"
        assert "the model in the box, serves" in await site.models("list")

        said = await site.models("release", one, "--as", "champion", "--by", "anna")
        assert "small r1 is the champion of all kinds of series" in said
        await site.serves(background, "r1")

        said = await site.models("release", two, "--as", "challenger", "--share", "0.25")
        assert "challenger for 0.25" in said
        await until(lambda: site.duty(background).challenger("zone") is not None)
        assert site.champion(background) == "r1"
        listed = await site.listed()
        assert {name: one["state"] for name, one in listed.items()} == {
            "r2": "runs beside",
            "r1": "serves",
        }
        assert listed["r1"]["released_by"] == "anna"

        (sent,) = (await site.models("promote", "--json")).splitlines()
        assert Release.from_bytes(sent.encode()).release == "r2"
        await site.serves(background, "r2")
        assert site.duty(background).challenger("meter") is None

        said = await site.models("rollback")
        assert said == "small r2 is withdrawn\nsmall r1 serves all kinds of series\n"
        await site.serves(background, "r1")
        assert "box-60" in await site.models("rollback")
        await until(lambda: site.duty(background).champions[None].model == "box-60")
        assert await site.listed() == {}
        assert set(await site.listed("--all")) == {"r1", "r2"}
        with pytest.raises(UserError, match="no champion for all kinds of series to roll back"):
            await site.models("rollback")
        with pytest.raises(UserError, match="there is no challenger for kind zone"):
            await site.models("promote", "--kind", "zone")


async def test_what_cannot_serve_is_not_given_out(site: Site) -> None:
    cut = site.store("cut", model_file()[:-300])
    for file, why in (
        (cut, r"cut\.onnx cannot serve here: damaged: .*cut short"),
        ("box:15", "contract: its step is 15 min, 60 min are asked for"),
        ("none.onnx", "unreachable: .*no such file"),
        ("http://x/m.onnx", "fetched from file:, s3:, box: only"),
    ):
        with pytest.raises(UserError, match=why):
            await site.models("release", file, "--as", "champion")
    good = site.store("good", model_file("r1", seed=1))
    with pytest.raises(UserError, match="--share is for a challenger"):
        await site.models("release", good, "--as", "champion", "--share", "0.5")
    with pytest.raises(UserError, match="model: an identifier is"):
        await site.models("release", good, "--as", "champion", "--model", "a b")
    assert await site.listed("--all") == {}
    await site.models("release", good, "--as", "champion")
    site.store("good", model_file("r1", seed=2))
    with pytest.raises(UserError, match="r1 is released already, and is another file"):
        await site.models("release", good, "--as", "champion")
    await site.models("release", good, "--as", "champion", "--release", "r1b")
    assert list(await site.listed()) == ["r1b", "r1"]


async def test_bad_releases_are_refused_with_their_reason_and_the_old_goes_on(site: Site) -> None:
    """They are sent past the command line, which would not give them out."""
    metrics = Metrics("1", "test")
    good, meant = model_file("r1", seed=1), model_file("meant", seed=2)
    bad = {
        "cut": (site.store("cut", good[:-300]), model_file("r0", seed=3), "digest"),
        "damaged": (site.store("damaged", good[:-300]), good[:-300], "damaged"),
        "nan": (site.store("nan", nan := model_file(spread=float("nan"))), nan, "probe"),
        "step": (site.store("step", boxed(15)), boxed(15), "contract"),
        "away": (str(site.folder / "away.onnx"), meant, "unreachable"),
    }
    async with worker(site, metrics) as background:
        await site.models("release", site.store("good", good), "--as", "champion")
        await site.serves(background, "r1")
        for minute, (name, (path, data, because)) in enumerate(bad.items()):
            site.send(release_of(data, name, minute, url=f"file://{path}"))
            why = await site.refused(name)
            assert why["because"] == because
            assert why["detail"]
            assert site.champion(background) == "r1"
            count = {"because": because}
            refusals = metrics.registry.get_sample_value("gridcast_releases_refused_total", count)
            assert refusals == 1
        assert metrics.registry.get_sample_value("gridcast_releases_unfit") == len(bad)
        said = await site.models("list")
        assert "its step is 15 min, 60 min are asked for" in said
        async with worker(site) as later:
            assert site.champion(later) == "r1", "what a restarted worker comes to"
        site.store("away", meant)
        await site.serves(background, "away")

        async def is_taken_back() -> bool:
            return (await site.listed())["away"]["refused"] is None

        await until(is_taken_back)
        said = await site.models("rollback")
        assert said == "small away is withdrawn\nsmall r1 serves all kinds of series\n"
        listed = await site.listed()
        assert [(name, one["state"]) for name, one in listed.items()] == [
            ("step", "refused"),
            ("nan", "refused"),
            ("damaged", "refused"),
            ("cut", "waits"),
            ("r1", "serves"),
        ]


async def test_a_broken_message_is_a_dead_letter_and_costs_nothing(site: Site) -> None:
    async with worker(site) as background:
        site.send((b"all small r1", b'{"model":"small"}'))
        await site.models("release", "box:60", "--as", "champion", "--release", "b1")
        await site.serves(background, "b1")

        async def is_told() -> bool:
            letters = await asyncio.to_thread(all_of, site.settings, DEAD_LETTERS.name)
            found = [DeadLetter.from_bytes(one.value()) for one in letters]
            return [one.reason for one in found] == [Reason.MISSING_FIELD]

        await until(is_told)


async def test_two_kinds_have_models_of_their_own_side_by_side(site: Site) -> None:
    meters, zones = (site.store(n, model_file(n, seed=s)) for n, s in (("meters", 1), ("zones", 2)))
    async with worker(site) as background:
        await site.models("release", meters, "--as", "champion", "--kind", "meter")
        await site.models("release", zones, "--as", "champion", "--kind", "zone")
        await site.serves(background, "meters", "meter")
        await site.serves(background, "zones", "zone")
        assert site.duty(background).champion("feeder") is site.duty(background).champions[None]
        said = await site.models("withdraw", "zones", "--kind", "zone")
        assert "kind zone has no model of its own: box-60" in said
        await until(lambda: SeriesKind.ZONE not in site.duty(background).champions)
        assert site.champion(background, "meter") == "meters"
        with pytest.raises(UserError, match="no release zones has a role"):
            await site.models("withdraw", "zones", "--kind", "zone")


async def test_a_release_comes_from_s3_and_outlives_the_bucket(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "AGAIN_S", 0.1)
    with s3_server("models"):
        url = put("models", "north/r1.onnx", model_file("r1"))
        await site.models("release", url, "--as", "champion")
        async with worker(site) as background:
            assert site.champion(background) == "r1"
        with pytest.raises(UserError, match=r"unreachable: .* not found"):
            await site.models("release", "s3://models/none.onnx", "--as", "champion")
    async with worker(site) as background:
        assert site.champion(background) == "r1", "from the folder: the bucket is gone"


async def test_twenty_releases_in_a_row_leave_the_last_and_no_tick_without_a_model(
    site: Site,
) -> None:
    async with worker(site) as background:
        answered: dict[int, set[str | None]] = {}
        seen: set[str | None] = set()
        done = asyncio.Event()

        def partition() -> None:
            tick = 0
            while not done.is_set():
                tick += 60_000
                found = background.model_selector.models_at(tick).champion("meter")
                answered.setdefault(tick, set()).add(None if found is None else found.release)
                seen.add(None if found is None else found.release)
                time.sleep(0.001)

        partitions = [asyncio.to_thread(partition) for _ in range(2)]
        running = asyncio.gather(*partitions)
        for number in range(20):
            data = model_file(f"r{number}", seed=number)
            path = site.store(f"r{number}", data)
            site.send(release_of(data, f"r{number}", number, url=f"file://{path}"))
            if number % 5 == 4:  # the others come while one of before is still being loaded
                await until(lambda name=f"r{number}": name in seen)
        await until(lambda: len(answered) > 500)
        done.set()
        await running
        assert None not in seen
        assert max(len(one) for one in answered.values()) == 1
        site.tick = 10**12
        await site.serves(background, "r19")

"""Releases are loaded beside the ticks: what is fit answers, what is not is passed over."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from support.releases import HOURLY, model_file, release_of

from gridcast.agents.metrics import Metrics
from gridcast.models.serving import ServingModels
from gridcast.schemas import Release, ReleaseRefused, Role, SeriesKind, Unfit
from gridcast.stream.releases import default_release as boxed_module
from gridcast.stream.releases import loader, locations, model_selector
from gridcast.stream.releases.artifacts import digest_of
from gridcast.stream.releases.box import boxed
from gridcast.stream.releases.model_selector import ModelSelector
from gridcast.stream.settings import Settings

WITHIN_S = 60.0
LEVELS = (0.05, 0.5, 0.95)


class Site:
    """A worker's releases, without its Kafka."""

    def __init__(self, folder: Path, **chosen: Any) -> None:
        self.folder = folder
        given: dict[str, Any] = {
            "step_minutes": 60,
            "levels": LEVELS,
            "cache_dir": folder / "cache",
        }
        self.metrics = Metrics("1", "test")
        self.model_selector = ModelSelector(Settings(**(given | chosen)), self.metrics)
        self.tick = 0

    def store(self, name: str, data: bytes) -> str:
        path = self.folder / f"{name}.onnx"
        path.write_bytes(data)
        return path.as_uri()

    def release(self, name: str, data: bytes, minute: int = 0, **more: Any) -> Release:
        given: dict[str, Any] = {"url": self.store(name, data)} | more
        release = release_of(data, name, minute, **given)
        self.take(release)
        return release

    def take(self, *messages: Release | ReleaseRefused) -> None:
        for one in messages:
            known = self.model_selector.releases
            known.take(one) if isinstance(one, Release) else known.refuse(one)
        self.model_selector.look()

    def duty(self) -> ServingModels:
        """Give who answers at the next tick."""
        self.tick += 60_000
        return self.model_selector.models_at(self.tick)

    def champion(self, kind: str = "meter") -> str | None:
        found = self.duty().champion(kind)
        return None if found is None else found.release

    def told(self) -> list[tuple[bytes, ReleaseRefused | None]]:
        waiting, said = self.model_selector.refusals._waiting, []
        while not waiting.empty():
            key, value = waiting.get_nowait()
            said.append((key, None if value is None else ReleaseRefused.from_bytes(value)))
        return said

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"gridcast_{name}", labels)


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    task = asyncio.create_task(site.model_selector.run())
    try:
        await asyncio.wait_for(site.model_selector.settled(), WITHIN_S)
        yield site
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


async def test_a_deployment_that_has_released_nothing_serves_the_box(tmp_path: Path) -> None:
    async with running(Site(tmp_path)) as site:
        in_use = site.duty().champion("meter")
        assert in_use is not None
        assert (in_use.model, in_use.network.levels) == ("box-60", LEVELS)
        assert in_use.network.contract.features.step_minutes == 60
        assert site.told() == []


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"model": "none"}, "no model is served"),
        ({"step_minutes": 5}, "no model in the box has a step of 5 min"),
        ({"horizon_hours": 48}, "its horizon is 24 slots, 48 are asked for"),
        ({"levels": (0.01, 0.5)}, "its levels are"),
    ],
)
async def test_without_a_model_the_duty_says_why(
    tmp_path: Path, chosen: dict[str, Any], reason: str
) -> None:
    async with running(Site(tmp_path, **chosen)) as site:
        duty = site.duty()
        assert duty.champion("meter") is None
        assert reason in duty.reason
        assert len(duty.reason) <= 200
        assert site.told() == []


async def test_a_release_answers_from_the_next_tick_on_and_a_rollback_too(tmp_path: Path) -> None:
    async with running(Site(tmp_path)) as site:
        site.duty()
        begun = site.tick
        old = site.model_selector.models_at(begun)
        site.release("r1", model_file(seed=1))
        await until(lambda: site.champion() == "r1")
        second = site.release("r2", model_file(seed=2), minute=1)
        await until(lambda: site.champion() == "r2")
        assert site.model_selector.models_at(begun) is old
        assert site.count("release_info", **labels("r2")) == 1
        assert site.count("release_info", **labels("r1")) is None
        site.take(second.model_copy(update={"role": Role.WITHDRAWN}))
        await until(lambda: site.champion() == "r1")
        assert site.count("release_swaps_total", role="champion") == 4
        assert site.count("release_load_seconds_count") == 4, "the box, r1, r2, and r1 again"


def labels(release: str, role: str = "champion", kind: str = "all") -> dict[str, str]:
    return {"role": role, "series_kind": kind, "model": "small", "release": release}


GOOD = model_file(seed=2)


@pytest.mark.parametrize("lies_there", [GOOD[:-500], model_file(seed=9)], ids=["cut", "another"])
async def test_what_lies_there_is_not_what_is_meant_and_the_old_goes_on(
    tmp_path: Path, lies_there: bytes
) -> None:
    async with running(Site(tmp_path)) as site:
        site.release("r1", model_file(seed=1))
        await until(lambda: site.champion() == "r1")
        release = release_of(GOOD, "r2", 1, url=site.store("r2", lies_there))
        site.take(release)
        await until(lambda: site.count("releases_unfit") == 1)
        assert site.champion() == "r1"
        ((key, refused),) = site.told()
        assert key == b"all small r2 refused"
        assert refused is not None
        assert (refused.because, refused.is_about(release)) == (Unfit.DIGEST, True)
        assert site.count("releases_refused_total", because="digest") == 1


@pytest.mark.parametrize(
    ("data", "because"),
    [
        (model_file()[:-500], Unfit.DAMAGED),
        (b"not a model", Unfit.DAMAGED),
        (model_file(features=dataclasses.replace(HOURLY, step_minutes=30)), Unfit.CONTRACT),
        (model_file(features=dataclasses.replace(HOURLY, horizon_hours=6)), Unfit.CONTRACT),
        (model_file(spread=float("nan")), Unfit.PROBE),
    ],
)
async def test_a_bad_artifact_is_refused_once_with_its_reason_and_the_old_goes_on(
    tmp_path: Path, data: bytes, because: Unfit, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Site(tmp_path)) as site:
        site.release("r1", model_file(seed=1))
        await until(lambda: site.champion() == "r1")
        release = site.release("bad", data, minute=1)
        await until(lambda: site.count("releases_unfit") == 1)
        ((_, refused),) = site.told()
        assert refused is not None
        assert refused.because is because
        assert f"bad: {because}" in caplog.text
        site.take(refused)  # as it comes back from the topic
        site.take(release_of(data, "other", 2, role=Role.WITHDRAWN))
        await asyncio.sleep(0.1)
        assert site.champion() == "r1"
        assert site.told() == []
        assert site.count("releases_refused_total", because=because.value) == 1
        newer = site.release("r3", model_file(seed=3), minute=3)
        await until(lambda: site.champion() == "r3")
        site.take(newer.model_copy(update={"role": Role.WITHDRAWN}))
        await until(lambda: site.champion() == "r1")
        assert site.count("releases_refused_total", because=because.value) == 1
        site.take(release.model_copy(update={"role": Role.WITHDRAWN}))
        await until(lambda: site.count("releases_unfit") == 0)


async def test_after_a_restart_the_newest_that_is_fit_serves(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.release("r1", model_file(seed=1))
    site.release("r2", model_file(seed=2), minute=1)
    site.release("bad", model_file(spread=float("nan")), minute=2)
    async with running(site):
        assert site.champion() == "r2"


async def test_another_worker_that_refuses_what_is_refused_already_says_nothing(
    tmp_path: Path,
) -> None:
    one, other = Site(tmp_path), Site(tmp_path)
    for site in (one, other):
        site.release("bad", model_file(spread=float("nan")))
    async with running(one):
        ((_, refused),) = one.told()
    assert refused is not None
    other.take(refused)
    async with running(other):
        assert other.told() == []
        assert other.count("releases_refused_total", because="probe") == 1


async def test_a_file_that_comes_later_is_taken_then_and_the_refusal_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "AGAIN_S", 0.02)
    async with running(Site(tmp_path)) as site:
        data = model_file(seed=1)
        site.take(release_of(data, "late", url=(tmp_path / "late.onnx").as_uri()))
        await until(lambda: site.count("releases_unfit") == 1)
        ((key, refused),) = site.told()
        assert refused is not None
        assert refused.because is Unfit.UNREACHABLE
        assert site.duty().champions[None].model == "box-60"
        site.take(refused)
        site.store("late", data)
        await until(lambda: site.champion() == "late")
        assert site.told() == [(key, None)]
        assert site.count("releases_refused_total", because="unreachable") == 1


async def test_what_another_machine_refused_is_its_own_to_take_back(tmp_path: Path) -> None:
    site = Site(tmp_path)
    release = site.release("r1", model_file())
    about = release.model_dump(include={"model", "release", "digest", "released_at"})
    why = {"because": Unfit.UNREACHABLE, "refused_at": release.released_at}
    site.take(ReleaseRefused(**about, **why, refused_by="another"))
    async with running(site):
        assert (site.champion(), site.told()) == ("r1", [])


async def test_kinds_have_models_of_their_own_and_the_rest_share_one(tmp_path: Path) -> None:
    async with running(Site(tmp_path)) as site:
        site.release("all", model_file(seed=1))
        site.release("zones", model_file(seed=2), series_kind=SeriesKind.ZONE)
        await until(lambda: site.champion("zone") == "zones" and site.champion() == "all")
        site.release("bad", model_file(spread=-1), 1, series_kind=SeriesKind.FEEDER)
        await until(lambda: site.count("releases_unfit") == 1)
        assert site.champion("feeder") == "all"
        duty = site.duty()
        assert duty.champion("meter") is duty.champion("feeder")


async def test_a_challenger_runs_beside_the_champion_and_is_promoted_without_loading(
    tmp_path: Path,
) -> None:
    async with running(Site(tmp_path)) as site:
        site.release("r1", model_file(seed=1))
        new = site.release("r2", model_file(seed=2), 1, role=Role.CHALLENGER, share=0.25)
        await until(lambda: site.duty().challenger("meter") is not None)
        shadow = site.duty().challenger("meter")
        assert shadow is not None
        assert (shadow.in_use.release, shadow.share, site.champion()) == ("r2", 0.25, "r1")
        loads = site.count("release_load_seconds_count")
        site.take(new.model_copy(update={"role": Role.CHAMPION, "share": 1.0}))
        await until(lambda: site.champion() == "r2")
        assert site.duty().champion("meter") is shadow.in_use
        assert site.duty().challenger("meter") is None
        assert site.count("release_load_seconds_count") == loads


async def test_a_release_of_the_box_needs_no_file(tmp_path: Path) -> None:
    async with running(Site(tmp_path, model="none")) as site:
        data = boxed(60)
        site.take(release_of(data, "boxed", url="box:60", digest=digest_of(data)))
        await until(lambda: site.champion() == "boxed")
        assert not (tmp_path / "cache").exists()


async def test_a_broken_installation_has_a_worker_that_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = boxed(60)[:-900]
    for module in (locations, boxed_module):
        monkeypatch.setattr(module, "boxed", lambda _: cut)
    boxed_module.boxed_release.cache_clear()
    try:
        async with running(Site(tmp_path)) as site:
            duty = site.duty()
            assert duty.champion("meter") is None
            assert duty.reason.startswith("refused: box-60 unreadable: damaged: ")
    finally:
        boxed_module.boxed_release.cache_clear()


async def test_of_twenty_releases_in_a_row_each_tick_has_one_and_the_last_remains(
    tmp_path: Path,
) -> None:
    async with running(Site(tmp_path)) as site:
        answered: dict[int, set[str]] = {}

        def partition() -> None:
            for tick in range(60_000, 60_000 * 400, 60_000):
                in_use = site.model_selector.models_at(tick).champion("meter")
                answered.setdefault(tick, set()).add(in_use.release if in_use else "nobody")

        for number in range(20):
            site.release(f"r{number}", model_file(seed=number), minute=number)
            await asyncio.gather(*(asyncio.to_thread(partition) for _ in range(3)))
        assert all(len(one) == 1 and one != {"nobody"} for one in answered.values())
        site.tick = 60_000 * 400
        await until(lambda: site.champion() == "r19")


async def test_a_bucket_that_hangs_does_not_hold_up_a_start_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(model_selector, "FIRST_WITHIN_S", 0.1)
    site = Site(tmp_path)
    release = site.release("slow", model_file())
    get = site.model_selector._loader._artifacts.get
    hang = Event()

    def hangs(url: str, digest: str) -> bytes:
        hang.wait(WITHIN_S)
        return get(url, digest)

    monkeypatch.setattr(site.model_selector._loader._artifacts, "get", hangs)
    async with running(site):
        assert "models are still loading" in caplog.text
        assert site.champion() is None
        hang.set()
        await until(lambda: site.champion() == release.release)

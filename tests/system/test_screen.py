"""The control-room screen in a real browser, at a real gateway on a real Kafka."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from support import grid
from support.browser import is_too_wide, new_context, running_browser, violations
from support.gateway import RunningGateway, gateway, wait_for
from support.screen import Frames, overflowing
from support.sending import publish

from gridcast.schemas import AlarmKind, Priority
from gridcast.schemas.gateway import Scope
from gridcast.schemas.topics import ALARMS
from gridcast.stream.broker import ports
from gridcast.stream.gateway.access.keys import new_key
from gridcast.stream.settings import Settings
from gridcast.stream.topics import TopicAdmin

WIDTHS = (1440, 1024, 768, 400)
PAGES = ("#/", "#/series/harbour", "#/alarms")
KEPT = """async () => {
  // Who opens the store first makes it: only one that is there already is looked into.
  const all = await indexedDB.databases();
  if (!all.some(one => one.name === "keyval-store")) return false;
  return new Promise(done => {
    const ask = indexedDB.open("keyval-store");
    ask.onsuccess = () => {
      const store = ask.result.transaction("keyval").objectStore("keyval");
      store.get("last-known").onsuccess = got => {
        ask.result.close();
        done(Boolean(got.target.result?.board.readings.length));
      };
    };
  });
}"""


@pytest.fixture(scope="module")
def settings(kafka: str) -> Settings:
    """A grid of the module's own, with a day behind it."""
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    grid.publish_grid(own, datetime.now(UTC).replace(microsecond=0))
    return own


@pytest.fixture(scope="module")
def running(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    with gateway(settings, tmp_path_factory.mktemp("gateway"), gateway_heartbeat_s="1") as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as one:
        yield one


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = new_context(browser, viewport={"width": 1440, "height": 900}, locale="en-GB")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A window; what goes wrong in it fails the test."""
    made, wrong = context.new_page(), []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    yield made
    assert wrong == []


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'[data-figure="{name}"]')


def test_all_is_seen_at_once_and_the_worst_comes_first(running: RunningGateway, page: Page):
    page.goto(running.url)
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(8)
    expect(tiles.first).to_contain_text("Harbour")
    expect(tiles.first).to_contain_text("above the 90 % band")
    expect(page.locator('[data-figure="feeds"]')).to_contain_text("8 of 8 series")
    expect(page.locator('[data-figure="age"]')).to_contain_text("gateway")
    expect(figure(page, "load")).to_contain_text(re.compile(r"\d+\.\d\s*MW"))
    expect(figure(page, "peak")).to_contain_text(re.compile(r"at \d\d:\d\d, 90 % between"))
    expect(figure(page, "alarms")).to_contain_text("3 not acknowledged")
    expect(figure(page, "model")).to_contain_text("lstm-quarter")
    expect(figure(page, "model")).to_contain_text("error 40 % below seasonal-naive")
    expect(page.locator(".clock")).to_contain_text("CE")  # CET or CEST, the grid's own time
    expect(page.locator(".plot canvas")).to_be_visible()


def test_it_loads_within_a_second_and_is_light(running: RunningGateway, context: BrowserContext):
    sizes = []
    for path in ("/", *re.findall(r'\.(/assets/[^"]+)', running.ask("/")[1])):
        status, headers, body = running.ask_whole(path, Accept_Encoding="gzip")
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        sizes.append(len(body))
    assert len(sizes) == 3
    assert sum(sizes) < 200_000
    took: list[float] = []
    end = time.monotonic() + 60  # others may keep it busy
    while not any(ms < 1000 for ms in took) and (len(took) < 10 or time.monotonic() < end):
        page = context.new_page()
        page.goto(running.url)
        page.wait_for_selector(".tile")
        took.append(page.evaluate("performance.now()"))
        page.close()
    print(
        f"{sum(sizes):,} bytes packed; first tile after {', '.join(f'{ms:.0f}' for ms in took)} ms"
    )
    assert min(took) < 1000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_light_and_dark(running: RunningGateway, browser: Browser, scheme: str):
    context = new_context(browser, color_scheme=scheme)
    page = context.new_page()
    for at in PAGES:
        page.goto(running.url + at)
        page.wait_for_selector(".tile" if at == "#/" else ".alarm")
        for button in page.get_by_role("button", name="Details").all():
            button.click()
        assert violations(page) == [], at
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x>')")
    assert "image-alt" in violations(page)[0]  # it would have told
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_can_be_read_at_every_width(running: RunningGateway, browser: Browser, width: int):
    context = new_context(browser, viewport={"width": width, "height": 850}, locale="ko-KR")
    page = context.new_page()
    for at in PAGES:
        page.goto(running.url + at)
        page.wait_for_selector(".tile" if at == "#/" else ".alarm")
        for button in page.get_by_role("button", name="상세").all():
            button.click()
        assert not is_too_wide(page), at
        assert overflowing(page) == [], at
    context.close()


def test_it_speaks_korean_and_remembers_it(running: RunningGateway, page: Page):
    page.goto(running.url)
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("link", name="개요")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.reload()
    expect(page.locator('[data-figure="load"]')).to_contain_text("현재 부하")


def test_a_series_shows_reality_forecast_and_what_was_said_of_it(
    running: RunningGateway, page: Page
):
    page.goto(running.url + "#/series/harbour")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("lstm-quarter · 2026-11")
    expect(facts).to_contain_text("99.8 %")
    expect(facts).to_contain_text("20.0 MW")
    page.get_by_label("Said 24 h before").check()
    chart = page.get_by_role("group", name="Load of Harbour")
    chart.focus()
    expect(page.locator(".readout").first).to_contain_text("Said 24 h before")
    page.keyboard.press("ArrowLeft")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    readout = page.locator(".readout").first
    expect(readout).to_contain_text(re.compile(r"Actual\s*\d\.\d+\sMW"))
    expect(readout).to_contain_text(re.compile(r"Said 24 h before\s*\d\.\d+\sMW"))
    expect(readout).to_contain_text(re.compile(r"\d\d:\d\d.\d\d:\d\d"))
    expect(page.locator(".readout").last).to_contain_text(re.compile(r"\d+(\.\d+)?\skW"))


def test_the_temperature_stands_beside_the_load(running: RunningGateway, page: Page):
    page.goto(running.url + "#/series/harbour")  # whose station is that of its zone
    heading = page.get_by_role("heading", name="Temperature at st-north")
    expect(heading).to_contain_text("forecast of")
    page.get_by_role("group", name="Temperature at st-north").focus()
    readout = page.locator(".chart").nth(1).locator(".readout")
    page.keyboard.press("ArrowLeft")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text(re.compile(r"Measured\s+\d+\.\d\s°C"))
    measured, said = map(float, re.findall(r"(\d+\.\d)\s°C", readout.inner_text()))
    assert said == pytest.approx(measured + 1, abs=0.3)  # that run is a degree too warm
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", name="st-north 기온")).to_be_visible()

    page.goto(running.url + "#/series/hospital")
    none = "st-silent의 기온이 없습니다"
    expect(page.locator(".panel")).to_contain_text(none)


def test_it_can_be_worked_by_keys_alone(running: RunningGateway, settings: Settings, page: Page):
    page.goto(running.url)
    page.wait_for_selector(".tile")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className").startswith("tile"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Harbour")
    page.goto(running.url + "#/alarms")
    page.locator(".alarm").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".alarm").nth(1).locator(".evidence")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("group", name="Shelve for")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("a")
    expect(page.locator(".alarm").first).to_contain_text("waiting for a worker")


def test_a_new_alarm_is_there_at_once_and_said_aloud(
    running: RunningGateway, settings: Settings, page: Page
):
    page.goto(running.url + "#/alarms")
    page.wait_for_selector(".alarm")
    now = datetime.now(UTC).replace(microsecond=0)
    text = "1 kW where 9 were expected"
    publish(settings, ALARMS, grid.an_alarm("old-town", AlarmKind.DROP, Priority.HIGH, now, text))
    expect(page.locator(".alarm").first).to_contain_text(text)
    expect(page.locator('[aria-live="assertive"]')).to_contain_text("New alarm: Drop, old-town")


def test_the_screen_is_shown_as_it_stood_at_another_moment(
    settings: Settings, running: RunningGateway, page: Page
):
    """What came to the topics since is not there: not the load, and not the alarm."""
    page.goto(running.url)
    page.wait_for_selector(".tile")
    then = datetime.now(UTC)
    before = page.locator('[data-figure="load"] .big').inner_text()
    time.sleep(1.5)
    now = datetime.now(UTC).replace(microsecond=0)
    grid.publish_now(settings, now, **dict.fromkeys(grid.sizes(), 1.0))
    text = "seen only afterwards"
    alarm = grid.an_alarm("station", AlarmKind.UNUSUAL, Priority.MEDIUM, now, text)
    publish(settings, ALARMS, alarm)
    expect(page.locator('[data-figure="load"] .big')).not_to_have_text(before)
    said = the_moment(running, then)
    assert {one["type"] for one in said} == {"series", "forecast", "reading", "alarm"}
    forecasts = [one["forecast"] for one in said if one["type"] == "forecast"]
    assert sorted(one["series"] for one in forecasts) == sorted([*grid.sizes(), "north"])
    assert all(one["tick"] < f"{now:%Y-%m-%dT%H:%M:%SZ}" for one in forecasts)
    assert text not in json.dumps(said)
    assert text in json.dumps(the_moment(running, datetime.now(UTC)))

    page.get_by_role("button", name="Time travel").click()
    expect(page.get_by_role("region", name="Time travel")).to_contain_text("Nothing here is now")
    expect(page.locator(".travel")).not_to_contain_text("Reading the topics")
    # Ten minutes ago nothing was on these topics yet, but for what is known of the series.
    expect(page.locator(".tile")).to_have_count(8)
    expect(page.locator(".tile").first).to_contain_text("no reading yet")
    assert violations(page) == []
    page.goto(running.url + "#/alarms")
    assert page.get_by_role("button", name="Acknowledge").count() == 0
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".alarm", has_text=text)).to_be_visible()


def the_moment(running: RunningGateway, at: datetime) -> list[dict[str, Any]]:
    status, body = running.ask(f"/v1/moment?at={at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z")
    assert status == 200, body
    messages: list[dict[str, Any]] = json.loads(body)["messages"]
    return messages


def test_series_that_nobody_declared_are_shown_all_the_same(kafka: str, tmp_path: Path, page: Page):
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    with gateway(own, tmp_path) as running:
        page.goto(running.url)
        expect(page.locator(".empty")).to_contain_text("No series is known yet")
        grid.publish_now(own, datetime.now(UTC).replace(microsecond=0))
        expect(page.locator(".tile")).to_have_count(8)


def test_who_is_not_known_is_asked_for_a_key(settings: Settings, tmp_path: Path, page: Page):
    key, entry = new_key("desk", who="the north desk", scopes=[Scope.READ], below=[])
    keys = tmp_path / "keys.toml"
    keys.write_text(entry)
    with gateway(settings, tmp_path, gateway_access="keys", gateway_keys_file=str(keys)) as guarded:
        page.goto(guarded.url)
        field = page.get_by_label("API key or token")
        field.fill("gridcast_wrong")
        page.keyboard.press("Enter")
        expect(page.locator(".wrong")).to_be_visible()
        assert violations(page) == []
        field.fill(key)
        page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_have_count(8)
        expect(page.locator('[data-figure="feeds"]')).to_contain_text("8 of 8")  # HTTP has the key
        page.goto(guarded.url + "#/alarms")
        expect(page.locator(".help")).to_contain_text("You are the north desk")
        expect(page.locator(".help")).to_contain_text("You may read, but not acknowledge")
        assert page.get_by_role("button", name="Acknowledge").count() == 0


def test_a_gateway_that_is_killed_and_comes_back_leaves_no_gap(
    settings: Settings, tmp_path: Path, context: BrowserContext
):
    port = ports.free_ports("127.0.0.1", 1)[0]
    page = context.new_page()
    frames = Frames(page)
    now = datetime.now(UTC).replace(microsecond=0)
    with gateway(settings, tmp_path, port=port, gateway_heartbeat_s="1") as first:
        page.goto(first.url)
        page.wait_for_selector(".tile")
        expect(page.locator('.link[data-state="live"]')).to_be_visible()
        frames.wait_for_heartbeat()
        first.kill()
        notice = page.locator('[data-kind="no_connection"]')
        expect(notice).to_contain_text("No connection to the gateway since")
        told = frames.place()
        grid.publish_now(settings, now + timedelta(minutes=1), riverside=0.5)
    with gateway(settings, tmp_path, port=port, gateway_heartbeat_s="1") as again:
        expect(page.locator('.link[data-state="live"]')).to_be_visible()
        expect(notice).to_have_count(0)
        expect(page.locator(".tile", has_text="Riverside")).to_contain_text("above the 90 % band")
        # It went on where it was, and had all that was sent meanwhile and nothing else.
        resumed = frames.said("subscribe")[-1]["resume"]
        assert resumed["seq"]["forecast"] == told["seq"]["forecast"]
        everyone, end = {*grid.sizes(), "north"}, time.monotonic() + 60
        while {one["forecast"]["series"] for one in heard_last(frames)} != everyone:
            assert time.monotonic() < end, heard_last(frames)
            page.wait_for_timeout(100)
        for one in heard_last(frames):
            partition, offset = one["seq"]
            assert offset >= resumed["seq"]["forecast"][partition]
        assert again.ask("/readyz")[0] == 200
        grid.publish_now(settings, datetime.now(UTC).replace(microsecond=0), harbour=0.16)


def heard_last(frames: Frames) -> list[dict[str, Any]]:
    return frames.heard("forecast", of_last=True)


def test_a_network_that_is_gone_is_told_at_once(running: RunningGateway, page: Page):
    page.goto(running.url)
    feeds = page.locator('[data-figure="feeds"]')
    expect(feeds).to_contain_text("8 of 8 series")
    page.context.set_offline(True)
    notice = page.locator('[data-kind="no_connection"]')
    expect(notice).to_contain_text("What you see is")
    expect(notice).to_have_class(re.compile("loud"))
    expect(feeds).to_contain_text("8 of 8 series")
    page.context.set_offline(False)
    expect(notice).to_have_count(0)
    expect(page.locator('.link[data-state="live"]')).to_be_visible()


def test_without_a_gateway_the_last_known_state_is_shown_as_such(
    settings: Settings, tmp_path: Path, context: BrowserContext
):
    page = context.new_page()
    with gateway(settings, tmp_path) as one:
        page.goto(one.url)
        page.wait_for_selector(".tile")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wait_for(lambda: bool(page.evaluate(KEPT)), lambda: "nothing was kept")
        one.kill()
    page.reload()
    expect(page.locator('[data-kind="last_known"]')).to_contain_text("Last known state, of")
    expect(page.locator(".tile")).to_have_count(8)
    expect(page.locator(".tile").first).to_contain_text("MW")
    assert page.locator('.link[data-state="live"]').count() == 0


def test_a_day_at_speed_leaves_the_memory_flat(
    settings: Settings, running: RunningGateway, context: BrowserContext
):
    """720 ticks of 8 series, a thousand times as fast as life, at a window that shows them."""
    page = context.new_page()
    frames = Frames(page)
    page.goto(running.url)
    page.wait_for_selector(".tile")
    session = context.new_cdp_session(page)

    def megabytes() -> float:
        session.send("HeapProfiler.collectGarbage")
        return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6

    start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    used = []
    for hour in range(24):
        minutes = [timedelta(hours=hour, minutes=minute) for minute in range(0, 60, 2)]
        grid.publish_now(settings, *(start + minute for minute in minutes))
        wait_for_tick(frames, page, start + minutes[-1])
        used.append(megabytes())
    print("heap, MB:", " ".join(f"{one:.1f}" for one in used))
    last = start + timedelta(hours=23, minutes=58)
    expect(page.locator(".clock time")).to_have_attribute(
        "datetime", re.compile(f"{last:%Y-%m-%dT%H:%M}")
    )
    assert max(used[12:]) < 1.25 * max(used[2:6])


def wait_for_tick(frames: Frames, page: Page, tick: datetime) -> None:
    """Wait until the window has heard of a tick of every series."""
    everyone, end = {*grid.sizes(), "north"}, time.monotonic() + 60
    wanted = f"{tick:%Y-%m-%dT%H:%M:%SZ}"
    heard: set[str] = set()
    while heard != everyone:
        assert time.monotonic() < end, f"{wanted}: only of {sorted(heard)}"
        page.wait_for_timeout(50)
        said = frames.heard("forecast")[-200:]
        heard = {one["forecast"]["series"] for one in said if one["forecast"]["tick"] == wanted}

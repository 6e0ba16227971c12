"""What the screen says when its connection is cut, and how it goes on; and a long day of it."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect
from support import grid
from support.gateway import RunningGateway, gateway, wait_for
from support.screen import Frames

from gridcast.stream.kafka.broker import ports
from gridcast.stream.settings import Settings

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


def test_a_gateway_that_is_killed_and_comes_back_leaves_no_gap(
    settings: Settings, tmp_path: Path, context: BrowserContext
) -> None:
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


def test_a_network_that_is_gone_is_told_at_once(running: RunningGateway, page: Page) -> None:
    page.goto(running.url)
    feeds = page.locator('[data-figure="feeds"]')
    expect(feeds).to_contain_text("8 of 8 series")
    page.context.set_offline(True)
    notice = page.locator('[data-kind="no_connection"]')
    expect(notice).to_contain_text("What you see is")
    expect(notice).to_have_class(re.compile("loud"))
    expect(feeds).to_contain_text("8 of 8 series")
    page.get_by_role("link", name="Alarms").click()
    page.get_by_role("button", name="Acknowledge").first.click()
    expect(page.locator(".alarm").first).to_contain_text("Not sent: there is no connection")
    page.context.set_offline(False)
    expect(notice).to_have_count(0)
    expect(page.locator('.link[data-state="live"]')).to_be_visible()


def test_without_a_gateway_the_last_known_state_is_shown_as_such(
    settings: Settings, tmp_path: Path, context: BrowserContext
) -> None:
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
) -> None:
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

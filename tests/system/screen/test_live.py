"""The screen with everything behind it: a worker that raises alarms, and the demo."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from support.browser import new_context
from support.feeds import break_feed, make_topics
from support.gateway import gateway, wait_for
from support.sending import publish

from gridcast.schemas import Reading
from gridcast.schemas.topics import READINGS
from gridcast.stream.settings import Settings

SAYS_WHERE = "the control-room screen: "
LONG_S = 900
GRID_WITHIN_S = 360
METER, APART, READINGS_SENT = "a-meter-more", timedelta(minutes=1), 12


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    make_topics(own)
    return own


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    kafka = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
    with (tmp_path / "worker.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "gridcast", "worker", *kafka],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    said = (tmp_path / "worker.log").read_text
    try:
        wait_for(lambda: "partition 1: taken over" in said(), said)
        yield running
    finally:
        running.kill()
        running.wait()


def test_a_fault_becomes_an_alarm_and_what_one_desk_acknowledges_the_other_sees(
    settings: Settings, worker: subprocess.Popen[bytes], browser: Browser, tmp_path: Path
) -> None:
    with gateway(settings, tmp_path) as running:
        desks = [new_context(browser, locale=locale).new_page() for locale in ("en-GB", "ko-KR")]
        for desk in desks:
            desk.goto(running.url + "#/alarms")
        expect(desks[0].get_by_text("No active alarms.")).to_be_visible()
        break_feed(settings, 1)
        for desk, kind in zip(desks, ("Feed broken", "피드 손상"), strict=True):
            expect(desk.locator(".alarm")).to_contain_text(kind)
            expect(desk.locator(".alarm")).to_have_class("alarm high unacknowledged")
        assert worker.poll() is None
        desks[0].get_by_role("button", name="Acknowledge").click()
        expect(desks[1].locator(".alarm")).to_contain_text("익명 확인")
        expect(desks[0].locator(".standing")).to_contain_text("Acknowledged by anybody")
        expect(desks[1].get_by_role("button", name="확인")).to_have_count(0)

        desks[1].get_by_role("button", name="보류", exact=True).click()
        desks[1].get_by_role("button", name="1시간").click()
        expect(desks[0].get_by_text("No active alarms.")).to_be_visible()
        desks[0].get_by_role("button", name="Shelved").click()
        expect(desks[0].locator(".standing")).to_contain_text("Shelved until")
        desks[0].get_by_role("button", name="Unshelve").click()
        expect(desks[1].locator(".alarm")).to_be_visible()


@contextmanager
def demo(folder: Path, *words: str, **environment: str) -> Iterator[str]:
    """Run the demo of 200 series; gives where its screen is."""
    running = subprocess.Popen(
        [sys.executable, "-m", "gridcast", "demo", "--series", "200", "--no-browser", *words],
        cwd=folder,
        env=os.environ | {"GRIDCAST_GATEWAY_PORT": "0"} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    try:
        with running.stdout as said:
            yield next(line for line in said if SAYS_WHERE in line).split(SAYS_WHERE)[1].strip()
    finally:
        running.terminate()
        running.wait(60)


@pytest.mark.timeout(LONG_S)
def test_the_demo_leads_to_its_screen_and_its_first_chart(browser: Browser, tmp_path: Path) -> None:
    began = time.monotonic()
    with demo(tmp_path) as address:
        page = new_context(browser, locale="en-GB").new_page()
        page.goto(address)
        expect(page.locator('[data-figure="load"]')).to_contain_text("W")
        expect(page.locator(".chart canvas")).to_be_visible()
        print(f"the demo's first chart after {time.monotonic() - began:.1f} s")
        page.locator(".tile").first.click()
        expect(page.locator(".facts")).to_contain_text("Window measured")
        expect(page.locator('[data-kind="replay"]')).to_contain_text("behind the clock")


@pytest.mark.timeout(LONG_S)
def test_a_meter_of_the_demo_falls_silent_and_both_desks_have_the_alarm(
    settings: Settings, browser: Browser, tmp_path: Path
) -> None:
    """A meter more, on the demo's own grid: the detectors of its workers miss its readings."""
    kafka = {"GRIDCAST_TOPIC_PREFIX": settings.topic_prefix}
    with demo(tmp_path, "--broker", settings.broker, "--speed", "20", **kafka) as address:
        desks = [new_context(browser, locale=locale).new_page() for locale in ("en-GB", "ko-KR")]
        for desk in desks:
            desk.goto(address + "#/alarms")
            desk.wait_for_selector(".shelves")
        send_and_stop(settings, address)
        alarms = [desk.locator(".alarm", has_text=METER) for desk in desks]
        for alarm, kind, button in zip(
            alarms, ("Silence", "무수신"), ("Details", "상세"), strict=True
        ):
            # It is told when so many are missing; they are missed in the grid's time.
            expect(alarm).to_contain_text(kind, timeout=GRID_WITHIN_S * 1000)
            alarm.get_by_role("button", name=button).click()
        expect(alarms[0]).to_contain_text(f"readings of {METER} are missing")
        expect(alarms[0].locator(".evidence")).to_contain_text("communication gap")
        expect(alarms[1]).to_contain_text(re.compile(rf"{METER}: 측정값 \d+개 누락"))
        expect(alarms[1].locator(".evidence")).to_contain_text("통신 단절")
        alarms[1].get_by_role("button", name="확인", exact=True).click()
        expect(alarms[0]).to_contain_text("Acknowledged by anybody")


def send_and_stop(settings: Settings, address: str) -> None:
    """Send some readings of the meter, some of the grid's minutes apart; then none.

    So many tell how often it sends: nobody misses what comes for the first time.
    """
    sent: list[datetime] = []
    end = time.monotonic() + GRID_WITHIN_S
    while len(sent) < READINGS_SENT:
        assert time.monotonic() < end, f"the grid stands still: {sent}"
        with urlopen(f"{address.rstrip('/')}/v1/feeds") as answer:
            tick = json.load(answer)["time"]
        at = None if tick is None else datetime.fromisoformat(tick)
        if at is not None and (not sent or at - sent[-1] >= APART):
            sent.append(at)
            publish(settings, READINGS, Reading(series=METER, time=at, value=2.0 + len(sent) / 8))
        time.sleep(0.2)

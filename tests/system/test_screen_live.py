"""The screen with everything behind it: a worker that raises alarms, and the demo."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from support.browser import new_context, running_browser
from support.feeds import break_feed, make_topics
from support.gateway import gateway, wait_for

from gridcast.stream.settings import Settings

SAYS_WHERE = "the control-room screen: "


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as one:
        yield one


@pytest.fixture
def settings(kafka: str) -> Settings:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    make_topics(own)
    return own


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[subprocess.Popen]:
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
    settings: Settings, worker: subprocess.Popen, browser: Browser, tmp_path: Path
):
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
        expect(desks[1].locator(".alarm")).to_contain_text("anybody 확인")
        expect(desks[0].locator(".standing")).to_contain_text("Acknowledged by anybody")
        expect(desks[1].get_by_role("button", name="확인")).to_have_count(0)

        desks[1].get_by_role("button", name="보류", exact=True).click()
        desks[1].get_by_role("button", name="1시간").click()
        expect(desks[0].get_by_text("No active alarms.")).to_be_visible()
        desks[0].get_by_role("button", name="Shelved").click()
        expect(desks[0].locator(".standing")).to_contain_text("Shelved until")
        desks[0].get_by_role("button", name="Unshelve").click()
        expect(desks[1].locator(".alarm")).to_be_visible()


def test_the_demo_leads_to_its_screen_and_its_first_chart(browser: Browser, tmp_path: Path):
    began = time.monotonic()
    demo = subprocess.Popen(
        [sys.executable, "-m", "gridcast", "demo", "--series", "200", "--no-browser"],
        cwd=tmp_path,
        env=os.environ | {"GRIDCAST_GATEWAY_PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    try:
        with demo.stdout as said:
            address = next(line for line in said if SAYS_WHERE in line).split(SAYS_WHERE)[1].strip()
            page = new_context(browser, locale="en-GB").new_page()
            page.goto(address)
            expect(page.locator('[data-figure="load"]')).to_contain_text("W")
            expect(page.locator(".chart canvas")).to_be_visible()
            print(f"the demo's first chart after {time.monotonic() - began:.1f} s")
            page.locator(".tile").first.click()
            expect(page.locator(".facts")).to_contain_text("Window measured")
            expect(page.locator('[data-kind="replay"]')).to_contain_text("behind the clock")
    finally:
        demo.terminate()
        demo.wait(60)

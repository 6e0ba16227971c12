"""What the pages of the screen show."""

import re
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from support import grid
from support.gateway import RunningGateway, gateway
from support.sending import publish

from gridcast.schemas import AlarmKind, Priority
from gridcast.schemas.topics import ALARMS
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'[data-figure="{name}"]')


def test_all_is_seen_at_once_and_the_worst_comes_first(running: RunningGateway, page: Page) -> None:
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


def test_it_loads_within_a_second_and_is_light(
    running: RunningGateway, context: BrowserContext
) -> None:
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


def test_a_series_shows_reality_forecast_and_what_was_said_of_it(
    running: RunningGateway, page: Page
) -> None:
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


def test_the_temperature_stands_beside_the_load(running: RunningGateway, page: Page) -> None:
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


def test_a_new_alarm_is_there_at_once_and_said_aloud(
    running: RunningGateway, settings: Settings, page: Page
) -> None:
    page.goto(running.url + "#/alarms")
    page.wait_for_selector(".alarm")
    now = datetime.now(UTC).replace(microsecond=0)
    text = "1 kW where 9 were expected"
    publish(settings, ALARMS, grid.an_alarm("old-town", AlarmKind.DROP, Priority.HIGH, now, text))
    expect(page.locator(".alarm").first).to_contain_text(text)
    expect(page.locator('[aria-live="assertive"]')).to_contain_text("New alarm: Drop, old-town")


def test_series_that_nobody_declared_are_shown_all_the_same(
    kafka: str, tmp_path: Path, page: Page
) -> None:
    own = Settings(broker=kafka, topic_prefix=f"{uuid4().hex[:8]}.", partitions=2)
    admin = TopicAdmin(own)
    admin.create(admin.look().missing)
    with gateway(own, tmp_path) as running:
        page.goto(running.url)
        expect(page.locator(".empty")).to_contain_text("No series is known yet")
        grid.publish_now(own, datetime.now(UTC).replace(microsecond=0))
        expect(page.locator(".tile")).to_have_count(8)

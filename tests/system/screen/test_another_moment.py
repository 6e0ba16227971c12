"""Time travel: the screen as it stood at another moment."""

import gzip
import json
import re
import time
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect
from support import grid
from support.browser import violations
from support.gateway import RunningGateway
from support.sending import publish

from gridcast.schemas import AlarmKind, Priority
from gridcast.schemas.topics import ALARMS
from gridcast.stream.settings import Settings


def test_the_screen_is_shown_as_it_stood_at_another_moment(
    settings: Settings, running: RunningGateway, page: Page
) -> None:
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
    expect(page.locator(".panel")).to_contain_text("No readings of the last hours")
    page.get_by_role("group", name="How far back").get_by_role("button", name="8 d").click()
    page.get_by_label("Show the screen as it stood at").focus()
    page.keyboard.press("Home")
    expect(page.locator(".travel")).to_contain_text(re.compile("(7 d 23 h|8 d) ago"))
    expect(page.locator(".travel")).not_to_contain_text("Reading the topics")
    expect(page.locator(".travel")).not_to_contain_text("did not answer")
    assert violations(page) == []
    page.goto(running.url + "#/alarms")
    assert page.get_by_role("button", name="Acknowledge").count() == 0
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".alarm", has_text=text)).to_be_visible()


def the_moment(running: RunningGateway, at: datetime) -> list[dict[str, Any]]:
    path = f"/v1/moment?at={at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    status, body = running.ask(path)
    assert status == 200, body
    _, headers, packed = running.ask_whole(path, Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    messages = messages_of(body)
    # In which order the partitions answer is Kafka's affair.
    assert sorted(map(json.dumps, messages_of(gzip.decompress(packed)))) == sorted(
        map(json.dumps, messages)
    )
    return messages


def messages_of(body: str | bytes) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(body)["messages"]
    return messages

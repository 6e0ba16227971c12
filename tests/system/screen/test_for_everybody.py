"""At every width, by keys, in two languages, to those who see little, and to nobody unknown."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import is_too_wide, new_context, violations
from support.gateway import RunningGateway, gateway
from support.screen import overflowing

from gridcast.gateway.access.keys import new_key
from gridcast.schemas.gateway import Scope
from gridcast.stream.settings import Settings

WIDTHS = (1440, 1024, 768, 400)
PAGES = ("#/", "#/series/harbour", "#/alarms")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_light_and_dark(
    running: RunningGateway, browser: Browser, scheme: str
) -> None:
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
def test_it_can_be_read_at_every_width(
    running: RunningGateway, browser: Browser, width: int
) -> None:
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


def test_it_speaks_korean_and_remembers_it(running: RunningGateway, page: Page) -> None:
    page.goto(running.url)
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("link", name="개요")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    page.reload()
    expect(page.locator('[data-figure="load"]')).to_contain_text("현재 부하")


def test_it_can_be_worked_by_keys_alone(
    running: RunningGateway, settings: Settings, page: Page
) -> None:
    page.goto(running.url)
    expect(page.locator(".tile")).to_have_count(8)
    expect(page.locator(".tile").first).to_contain_text("Harbour")
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


def test_who_is_not_known_is_asked_for_a_key(
    settings: Settings, tmp_path: Path, page: Page
) -> None:
    key, entry = new_key("desk", who="the north desk", scopes=[Scope.READ], below=[])
    keys = tmp_path / "keys.toml"
    keys.write_text(entry)
    with gateway(settings, tmp_path, gateway_access="keys", gateway_keys_file=str(keys)) as guarded:
        page.goto(guarded.url)
        field = page.get_by_label("API key or token")
        field.fill("gridcast_wrong")
        page.keyboard.press("Enter")
        expect(page.locator(".wrong")).to_contain_text("there is no such API key")
        page.get_by_role("button", name="한국어").click()
        expect(page.locator(".wrong")).to_contain_text("그런 API 키가 없음")
        page.get_by_role("button", name="English").click()
        assert violations(page) == []
        field.fill(key)
        page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_have_count(8)
        expect(page.locator('[data-figure="feeds"]')).to_contain_text("8 of 8")  # HTTP has the key
        page.goto(guarded.url + "#/alarms")
        expect(page.locator(".help")).to_contain_text("You are the north desk")
        expect(page.locator(".help")).to_contain_text("You may read, but not acknowledge")
        assert page.get_by_role("button", name="Acknowledge").count() == 0

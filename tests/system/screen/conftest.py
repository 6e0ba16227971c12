"""A grid with a day behind it, a gateway that serves its screen, and windows of a real browser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from support import grid
from support.browser import new_context, running_browser
from support.gateway import RunningGateway, gateway

from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings


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

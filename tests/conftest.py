"""What all tests share: a real Kafka, and a run that says whether its system tests ran.

The Kafka is fetched (once) and started by the tests themselves. If that cannot be done they fail:
a skip would let a run look green that has shown nothing. With GRIDCAST_REQUIRE_SYSTEM=1 a run in
which no system test ran, for whatever reason, ends with exit code 1.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridcast.stream.broker import KAFKA_VERSION, Broker

SYSTEM = Path(__file__).parent / "system"
REQUIRE = "GRIDCAST_REQUIRE_SYSTEM"

addresses = pytest.StashKey[list[str]]()
ran = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[str]:
    """Give the address of a real Kafka of one node, the same for the whole run."""
    with Broker() as broker:
        pytestconfig.stash[addresses].append(broker.address)
        yield broker.address


@pytest.fixture(scope="module")
def kafka_cluster(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """Give a real Kafka of three nodes, of the module's own: its nodes may be killed."""
    with Broker(nodes=3) as broker:
        pytestconfig.stash[addresses].append(broker.address)
        yield broker


def pytest_configure(config: pytest.Config) -> None:
    config.stash[addresses] = []
    config.stash[ran] = 0


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(SYSTEM):
            item.add_marker("system")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    report = yield
    if report.when == "call" and not report.skipped and item.get_closest_marker("system"):
        item.config.stash[ran] += 1
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get(REQUIRE) == "1" and not session.config.stash[ran]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    where = " and ".join(config.stash[addresses]) or "nowhere"
    told = f"{config.stash[ran]} system tests, real Kafka {KAFKA_VERSION} at {where}"
    missed = os.environ.get(REQUIRE) == "1" and not config.stash[ran]
    terminalreporter.write_line(
        f"{told}: {REQUIRE}=1 asks for them" if missed else told, red=missed
    )

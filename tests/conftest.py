"""What all tests share: a real Kafka, several processes, and a run that says what it has shown.

The Kafka is fetched (once) and started by the tests themselves. If that cannot be done they fail:
a skip would let a run look green that has shown nothing. With GRIDCAST_REQUIRE_SYSTEM=1 a run in
which no system test ran, for whatever reason, ends with exit code 1.

The whole suite runs in several processes (pytest-xdist), for most system tests wait rather than
compute; each of them has a Kafka of its own. What is named on the command line runs in one, unless
`-n` says otherwise. The tests of a file stay together and in order.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from gridcast.stream.kafka.broker import KAFKA_VERSION, Broker, ports

SYSTEM = Path(__file__).parent / "system"
REQUIRE = "GRIDCAST_REQUIRE_SYSTEM"
PROCESSES = 3
"""On two cores: two would leave them idle, more than three would make each other late."""
FIRST = (
    *("test_chaos.py", "test_table.py", "test_run.py", "test_networks.py", "test_notebooks.py"),
    *("test_lifecycle.py", "test_takeover.py", "test_releases_swapped.py", "test_connection.py"),
    *("test_secured.py", "test_three_brokers.py", "test_table_cluster.py", "test_worker.py"),
    *("test_dead_letters.py", "test_replay.py", "test_acknowledging.py", "test_stuck.py"),
    *("test_demo.py", "test_live.py"),
)
"""They take longest: nobody should wait for one of them at the end."""
TALK = ("CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES")
"""By these a command is told how to talk to whoever runs the tests; the tests read what it says."""
OF_THE_RUN = {REQUIRE, "GRIDCAST_CACHE_DIR", "GRIDCAST_DATA", "GRIDCAST_JARS_DIR"}
"""Other settings of whoever runs the tests are not theirs."""

# A machine that is busy is no fault of an example.
hypothesis_settings.register_profile(
    "gridcast", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("gridcast")


class Shown:
    """What the run has shown: how many system tests ran, and on which Kafkas.

    Where several processes run the tests the first of them hears of all.
    """

    def __init__(self, *, is_retry: bool) -> None:
        self._is_retry = is_retry  # of what failed: there need not be a system test among it
        self.system_tests = 0
        self.kafkas: list[str] = []

    @property
    def is_too_little(self) -> bool:
        is_asked_for = os.environ.get(REQUIRE) == "1" and not self._is_retry
        return is_asked_for and not self.system_tests

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and not report.skipped and "system" in report.keywords:
            self.system_tests += 1

    @pytest.hookimpl(optionalhook=True)  # there is no such hook with `-p no:xdist`
    def pytest_testnodedown(self, node: Any) -> None:
        self.kafkas += getattr(node, "workeroutput", {}).get("kafkas", [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["kafkas"] = self.kafkas
        elif self.is_too_little:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        where = " and ".join(self.kafkas) or "nowhere"
        told = f"{self.system_tests} system tests, real Kafka {KAFKA_VERSION} at {where}"
        if self.is_too_little:
            told += f": {REQUIRE}=1 asks for them"
        terminalreporter.write_line(told, red=self.is_too_little)


shown = pytest.StashKey[Shown]()


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[str]:
    """Give the address of a real Kafka of one node, the same for all tests of this process."""
    with Broker() as broker:
        pytestconfig.stash[shown].kafkas.append(broker.address)
        yield broker.address


@pytest.fixture(scope="module")
def kafka_cluster(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """Give a real Kafka of three nodes, of the module's own: its nodes may be killed."""
    with Broker(nodes=3) as broker:
        pytestconfig.stash[shown].kafkas.append(broker.address)
        yield broker


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Tell what `-n auto` means; 0 is this process alone."""
    return PROCESSES if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_configure(config: pytest.Config) -> None:
    config.stash[shown] = Shown(is_retry=config.getoption("lf", False))
    config.pluginmanager.register(config.stash[shown], "shown")
    if hasattr(config, "workerinput"):  # as many threads each as there are cores would be too many
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    # A port that was found free is listened on a while later: no two processes find the same.
    ports.FREE_PORTS = ports.FREE_PORTS[number::PROCESSES]
    settings = {name for name in os.environ if name.startswith("GRIDCAST_")}
    for name in {*TALK, *settings - OF_THE_RUN}:
        os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the mark
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(SYSTEM):
            item.add_marker("system")
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, int]:
    """What waits is begun before what computes, so that the two go on side by side."""
    name = item.path.name
    turn = FIRST.index(name) if name in FIRST else len(FIRST)
    return name not in FIRST and not item.path.is_relative_to(SYSTEM), turn

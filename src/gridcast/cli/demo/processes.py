"""The demo's processes, started in order and stopped in reverse order."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gridcast.cli.demo.browser import port_for
from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker import Broker
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.process.child_process import Process, end_of
from gridcast.stream.settings import Settings

STOP_WITHIN_S = 15.0
GATEWAY, SAYS_WHERE = "gateway", " gateway at "
GRIDCAST = (sys.executable, "-m", "gridcast")


@dataclass(frozen=True, slots=True)
class Parts:
    """The running processes of the demo."""

    settings: Settings
    """The settings with the address of the broker in use."""
    processes: dict[str, Process]

    @property
    def screen(self) -> str | None:
        """Address of the control-room screen, or None before the gateway has printed it."""
        log = self.processes[GATEWAY].log.read_text("utf-8", "replace")
        _, marker, rest = log.partition(SAYS_WHERE)
        # A line that is being written may hold half an address.
        return rest.partition(",")[0] if marker and "," in rest else None

    def check(self) -> None:
        """Raise an error if a process has ended by itself."""
        for name, process in self.processes.items():
            if not process.is_alive():
                last_words = end_of(process.log.read_text("utf-8", "replace"))
                raise UserError(f"the {name} has ended unexpectedly:\n{last_words}")


@contextmanager
def running(
    settings: Settings,
    *,
    own_broker: bool,
    workers: int,
    simulate: list[str],
    past: Callable[[Settings], None],
    port: int,
    report: Callable[[str], None],
) -> Iterator[Parts]:
    """Start a broker (unless the user has one), workers, a simulated grid and a gateway.

    `past` writes the state of a new broker.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridcast-demo-")))
        if own_broker:
            broker = stack.enter_context(Broker(settings, report=report))
            settings = settings.model_copy(update={"broker": broker.address})
        report("making the topics")
        admin = TopicAdmin(settings)
        admin.create(admin.look().missing)
        if own_broker:
            report("giving the grid a past of eight days")
            past(settings)
        processes: dict[str, Process] = {}
        kafka = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]
        commands = {f"worker {number}": ["worker", *kafka] for number in range(1, workers + 1)}
        commands["simulated grid"] = ["simulate", *kafka, *simulate]
        commands[GATEWAY] = ["gateway", "--open", "--port", str(port_for(port)), *kafka]
        for name, command in commands.items():
            report(f"starting the {name}")
            log = folder / f"{name.replace(' ', '-')}.log"
            process = Process(
                [*GRIDCAST, *command],
                log,
                # Libraries such as onnxruntime leave files there. They go with the folder.
                environment={"TMPDIR": str(folder)},
                removed_after=folder,
            )
            stack.callback(process.stop, STOP_WITHIN_S)
            processes[name] = process
        yield Parts(settings, processes)
        report("stopping")

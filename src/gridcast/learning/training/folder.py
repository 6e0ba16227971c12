"""The folder of a run: its config, progress, results and final state."""

import os
import re
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridcast.stream.errors import UserError

STATUS, LOCK = "status.json", ".lock"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class RunState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Status(BaseModel):
    """The status of a run, for people and programs."""

    model_config = ConfigDict(frozen=True)

    run: str = Field(description="the run's id: the name of its folder")
    state: RunState
    started: datetime
    ended: datetime | None = None
    stage: str = Field("", description="what it is doing, or was doing when it ended")
    step: int = Field(0, description="steps of training done")
    steps: int = Field(0, description="steps of training asked for, at most")
    best_step: int | None = Field(None, description="step of the best validation loss")
    best_loss: float | None = Field(None, description="the best validation loss")
    why: str | None = Field(None, description="why it failed or was interrupted")
    traceback: str | None = Field(None, description="where it failed")


class RunFolder:
    """One run's folder. One process at a time may hold it.

    Files are written atomically: to a temporary name, then renamed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / LOCK)

    @property
    def run(self) -> str:
        """The run's id."""
        return self.path.name

    @classmethod
    def create(cls, runs: Path, name: str, now: datetime) -> Self:
        """Create a folder with a new id, made of the time and the name."""
        if not _NAME.fullmatch(name):
            raise UserError(
                f"a run's name is letters, digits, and . _ - between them, not {name!r}"
            )
        for number in range(1, 1000):
            again = "" if number == 1 else f"-{number}"
            path = runs / f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{name}{again}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise UserError(f"no run can be kept in {runs}: {error}") from None
            return cls(path)
        raise UserError(f"there are a thousand runs called {name} of this second in {runs}")

    @classmethod
    def find(cls, runs: Path, run: str) -> Self:
        """Return a run by its id, its folder, or `last`."""
        if run == "last":
            every = [folder.path.name for folder in all_runs(runs)]
            if not every:
                raise UserError(f"there is no run in {runs}")
            run = every[-1]
        for path in (runs / run, Path(run)):
            if (path / STATUS).is_file():
                return cls(path.resolve())
        raise UserError(f"there is no run {run!r} in {runs} (`gridcast train --list` lists them)")

    def hold(self) -> None:
        """Lock the run for this process."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"{self.run} is running: another process holds {self.path}") from None

    def let_go(self) -> None:
        """Release the lock."""
        self._lock.release()

    @property
    def is_held(self) -> bool:
        """True if a running process holds the lock."""
        try:
            with FileLock(self.path / LOCK, timeout=0):
                return False
        except Timeout:
            return True

    @property
    def status(self) -> Status:
        """The run's status. A killed run is recognised by its missing lock."""
        status = self._read_status()
        if status.state is RunState.RUNNING and not self._lock.is_locked and not self.is_held:
            killed = "its process ended without a word: killed, or the machine went down"
            return status.model_copy(update={"state": RunState.INTERRUPTED, "why": killed})
        return status

    def _read_status(self) -> Status:
        try:
            return Status.model_validate_json(self.read(STATUS))
        except (OSError, ValidationError) as error:
            raise UserError(f"{self.path / STATUS} cannot be read: {error}") from None

    def update(self, **changes: object) -> None:
        """Change the status."""
        status = self._read_status().model_copy(update=changes)
        self.write(STATUS, status.model_dump_json(indent=2) + "\n")

    def begin(self, status: Status) -> None:
        """Set the status of a run that begins."""
        self.write(STATUS, status.model_dump_json(indent=2) + "\n")

    def read(self, name: str) -> bytes:
        """Return the bytes of one of its files."""
        return (self.path / name).read_bytes()

    def has(self, name: str) -> bool:
        """Return True if a file exists."""
        return (self.path / name).is_file()

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one of its files atomically."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return path


class RunRecorder:
    """Within it, however a run ends is kept in its status.

    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> folder = RunFolder.create(Path(tempfile.mkdtemp()), "try", datetime.now(UTC))
    >>> folder.begin(Status(run=folder.run, state=RunState.RUNNING, started=datetime.now(UTC)))
    >>> with RunRecorder(folder, clock=lambda: datetime.now(UTC)):
    ...     raise ValueError("no such day")
    Traceback (most recent call last):
    ValueError: no such day
    >>> folder.status.state, folder.status.why
    (<RunState.FAILED: 'failed'>, 'ValueError: no such day')
    """

    def __init__(self, folder: RunFolder, clock: Callable[[], datetime]) -> None:
        self._folder, self._clock = folder, clock

    def __enter__(self) -> RunFolder:
        self._folder.hold()
        return self._folder

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._folder.update(state=RunState.DONE, ended=self._clock(), why=None, stage="")
            elif isinstance(error, KeyboardInterrupt):
                self._folder.update(
                    state=RunState.INTERRUPTED, ended=self._clock(), why="interrupted by its user"
                )
            else:
                message = (
                    str(error) if isinstance(error, UserError) else f"{kind_of(error)}: {error}"
                )
                self._folder.update(
                    state=RunState.FAILED,
                    ended=self._clock(),
                    why=message,
                    traceback="".join(traceback.format_exception(kind, error, trace)),
                )
        finally:
            self._folder.let_go()


def kind_of(error: BaseException) -> str:
    """Return the display name of an error's type."""
    return type(error).__name__


def all_runs(runs: Path) -> Iterator[RunFolder]:
    """Yield all runs, oldest first."""
    if runs.is_dir():
        for path in sorted(runs.iterdir()):
            if (path / STATUS).is_file():
                yield RunFolder(path)

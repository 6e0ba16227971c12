"""Kafka's jars: their versions, and downloading them.

A maintainer resolves Kafka's dependencies once (`jgo.toml`). They are locked with checksums
(`jgo.lock.toml`), as `uv.lock` does for Python. So every machine runs the same bytes, a download
resolves no dependencies, and a folder of jars can be verified.
"""

import hashlib
import shutil
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

Report = Callable[[str], None]
"""Called with a short text about what is being done."""

FETCHES_AT_ONCE = 8
TRIES = 3
PASSING = ".fetching-"


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar, by its Maven coordinates and the checksum of its bytes."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The file's name in Maven Central and in the cache."""
        return f"{self.artifact}-{self.version}.jar"


def _locked() -> tuple[Jar, ...]:
    lock = (
        resources.files("gridcast.stream.kafka.broker").joinpath("jgo.lock.toml").read_text("utf-8")
    )
    return tuple(
        Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"])
        for entry in tomllib.loads(lock)["dependencies"]
    )


JARS = _locked()
KAFKA_VERSION = next(jar.version for jar in JARS if jar.artifact == "kafka_2.13")


def class_path(settings: Settings, report: Report) -> list[Path]:
    """Return Kafka's jars, from `jars_dir` if it is set, otherwise from the cache."""
    folder = settings.jars_dir or fetch(settings.cache_dir, report)
    if settings.jars_dir is not None and (wrong := wrong_jars(folder)):
        raise UserError(
            f"{folder} does not hold Kafka {KAFKA_VERSION}: {_named(wrong)} missing or not "
            "as it should be (where there is a network, `gridcast broker --fetch-only` fetches all)"
        )
    return [folder / jar.file for jar in JARS]


def fetch(cache_dir: Path, report: Report) -> Path:
    """Download the jars that are not in the cache, and return their folder.

    A jar gets its name in the folder only when it is complete and verified, so an interrupted
    download continues the next time.
    """
    folder = cache_dir / f"kafka-{KAFKA_VERSION}"
    if not wrong_jars(folder):  # this works in a read-only folder
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / "kafka.lock"):
            # Another process may have downloaded them during the wait for the lock.
            _fetch_all(wrong_jars(folder), folder, report)
    except OSError as error:
        raise UserError(f"Kafka's jars cannot be kept in {cache_dir}: {error}") from None
    return folder


def wrong_jars(folder: Path) -> list[Jar]:
    """Return the jars that are missing from the folder or have another checksum."""
    return [jar for jar in JARS if not _is_whole(folder / jar.file, jar)]


def _is_whole(path: Path, jar: Jar) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


def _fetch_all(wanted: Sequence[Jar], folder: Path, report: Report) -> None:
    if not wanted:
        return
    report(f"fetching Kafka {KAFKA_VERSION}: {len(wanted)} jars")
    for cut_off in folder.glob(f"{PASSING}*"):
        shutil.rmtree(cut_off, ignore_errors=True)
    with (
        TemporaryDirectory(dir=folder, prefix=PASSING) as passing,
        ThreadPoolExecutor(FETCHES_AT_ONCE) as pool,
    ):
        maven = _maven(Path(passing))
        fetches = [pool.submit(_fetch_one, maven, jar, folder) for jar in wanted]
        try:
            for done, finished in enumerate(as_completed(fetches), 1):
                finished.result()
                report(f"fetching Kafka {KAFKA_VERSION}: {done} of {len(wanted)} jars")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _maven(passing: Path) -> Any:
    """Return jgo's Maven context: Central, or the mirror that the user's jgo.conf names."""
    try:
        from jgo.config import GlobalSettings  # noqa: PLC0415 - an extra
        from jgo.maven import MavenContext  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise missing_extra(error) from None
    context = MavenContext(repo_cache=passing, timeout=60)
    context.remote_repos |= GlobalSettings.load().repositories
    return context


def _fetch_one(maven: Any, jar: Jar, folder: Path) -> None:
    artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    problem: Exception | str = ""
    for _ in range(TRIES):
        try:
            path: Path = artifact.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            problem = error
        else:
            if _is_whole(path, jar):
                path.replace(folder / jar.file)
                return
            problem = "what came is not what was asked for"
        artifact.cached_path.unlink(missing_ok=True)
    raise UserError(
        f"{jar.file} could not be fetched: {problem} (a site without a network: see --jars)"
    )


def _named(jars: Sequence[Jar]) -> str:
    rest = f" and {len(jars) - 1} more" if len(jars) > 1 else ""
    return f"{jars[0].file}{rest}"


def missing_extra(error: ModuleNotFoundError) -> UserError:
    """Return the error that the extra with Java and jgo is not installed."""
    return UserError(
        f"`gridcast broker` needs the package {error.name}: pip install 'gridcast[broker]' "
        "(or use a Kafka of your own, with --broker)"
    )

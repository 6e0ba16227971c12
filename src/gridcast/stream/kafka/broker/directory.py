"""The data directory of a broker: its identity, and a lock for one user at a time."""

import json
import shutil
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from filelock import FileLock, Timeout

from gridcast.stream.errors import UserError
from gridcast.stream.kafka.broker.jars import KAFKA_VERSION

PASSPORT = "cluster.json"
LOCK = "broker.lock"


class Directory:
    """The data of one cluster: a passport file that identifies it, and a folder per node.

    Nothing is ever deleted from a directory without such a passport.
    """

    def __init__(self, path: Path, nodes: int) -> None:
        self.path = path
        self.nodes = nodes
        self.cluster_id = ""
        self._lock = FileLock(path / LOCK)

    def open(self, *, fresh: bool = False) -> None:
        """Lock the directory, and read its passport or write one."""
        try:
            if self._is_strange():
                raise UserError(
                    f"{self.path} is not empty and holds no data of `gridcast broker`: "
                    "choose another --dir"
                )
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"{self.path} is in use by another `gridcast broker`") from None
        except OSError as error:
            raise UserError(f"{self.path} cannot be used as data directory: {error}") from None
        try:
            if fresh:
                self._empty()
            self.cluster_id = self._read_passport() or self._write_passport()
        except BaseException:
            self.close()
            raise

    def node(self, node: int) -> Path:
        """Return a node's folder."""
        return self.path / f"node-{node}"

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def _is_strange(self) -> bool:
        if not self.path.exists():
            return False
        names = {entry.name for entry in self.path.iterdir()}
        return bool(names - {LOCK}) and PASSPORT not in names

    def _empty(self) -> None:
        """Remove the nodes' folders, then the passport, so that it can be interrupted."""
        for folder in self.path.glob("node-*"):
            shutil.rmtree(folder)
        (self.path / PASSPORT).unlink(missing_ok=True)

    def _read_passport(self) -> str | None:
        path = self.path / PASSPORT
        try:
            passport = json.loads(path.read_text("utf-8"))
            cluster_id, nodes = str(passport["cluster_id"]), int(passport["nodes"])
            version = str(passport["kafka"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{path} cannot be read: choose another --dir") from None
        if nodes != self.nodes:
            raise UserError(
                f"{self.path} holds the data of a cluster of {nodes} "
                f"node{'s' * (nodes > 1)}, not of {self.nodes}: say --nodes {nodes}, "
                "choose another --dir, or empty it with --fresh"
            )
        if _numbers(version) > _numbers(KAFKA_VERSION):
            raise UserError(
                f"{self.path} was used by Kafka {version}, which is newer than this one "
                f"({KAFKA_VERSION}): choose another --dir, or empty it with --fresh"
            )
        self._write_passport(cluster_id)
        return cluster_id

    def _write_passport(self, cluster_id: str = "") -> str:
        cluster_id = cluster_id or new_cluster_id()
        passport = {"cluster_id": cluster_id, "nodes": self.nodes, "kafka": KAFKA_VERSION}
        passing = self.path / f"{PASSPORT}.new"
        passing.write_text(json.dumps(passport) + "\n", "utf-8")
        passing.replace(self.path / PASSPORT)
        return cluster_id


def new_cluster_id() -> str:
    """Return a cluster id as Kafka makes it: a random UUID in 22 characters, no dash first."""
    while (made := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())

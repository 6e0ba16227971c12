"""Runs the commands of a tutorial as a reader would, and compares what they print.

A fenced block is run as it stands; a comment before it says otherwise, invisible on the page:

- `<!-- tutorial: file NAME -->`: save the block under this name
- `<!-- tutorial: background -->`: go on while the command runs, once it has printed what follows
- `<!-- tutorial: until -->`: repeat the command until it prints what follows
- `<!-- tutorial: skip: REASON -->`: a test cannot afford it

A block of `text` after a command is its output. Numbers in it stand for any number, and `…` for any
text; other lines may come between.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# `uv run gridcast` runs what is installed here already, and waits for no lock.
PROLOGUE = """
uv() {
  shift
  while [ "$1" = --extra ]; do shift 2; done
  "$@"
}
"""
WITHIN_S = 500.0
NUMBER = r"\d[\d.,:TZ-]*"
BLOCK = re.compile(
    r"(?:^<!-- tutorial: (?P<mark>[^\n]+?) -->\n)?^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One block of a tutorial, and the output that the page shows for it."""

    language: str
    body: str
    mark: str
    output: str


def steps(page: Path) -> list[Step]:
    """Return the blocks of a page in order, outputs with the commands they belong to."""
    blocks = [
        Step(match["language"], match["body"], match["mark"] or "", "")
        for match in BLOCK.finditer(page.read_text("utf-8"))
    ]
    return [
        Step(step.language, step.body, step.mark, after.body if after.language == "text" else "")
        for step, after in zip(blocks, [*blocks[1:], Step("", "", "", "")], strict=True)
        if step.language != "text"
    ]


def shows(output: str, expected: str) -> bool:
    """Return whether the lines of `expected` are in `output`, in their order."""
    lines = iter(output.splitlines())
    return all(
        any(_pattern(wanted).fullmatch(line.strip()) for line in lines)
        for wanted in expected.splitlines()
    )


def _pattern(line: str) -> re.Pattern[str]:
    """Return what matches a line that the page shows, with any numbers in it."""
    texts = [
        ".*".join(re.escape(part) for part in text.split("…"))
        for text in re.split(NUMBER, re.sub(r"\s+", " ", line.strip()))
    ]
    return re.compile(NUMBER.join(texts).replace(r"\ ", r"\s+"))


@dataclass
class Reader:
    """One who does what a tutorial says, in a folder and with settings of their own."""

    folder: Path
    environment: dict[str, str]
    instead: dict[str, str] = field(default_factory=dict)
    """Texts of the page, such as an address, and what takes their place."""
    _background: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, page: Path) -> None:
        """Do all steps; AssertionError names the first that does not do what the page says."""
        try:
            for step in steps(page):
                self._do(step)
        finally:
            self._stop()

    def save_files(self, page: Path) -> None:
        """Save the files of another tutorial that this one goes on from."""
        for step in steps(page):
            if step.mark.startswith("file "):
                self._do(step)

    def _do(self, step: Step) -> None:
        kind, _, argument = step.mark.partition(" ")
        body = step.body
        for text, other in self.instead.items():
            body = body.replace(text, other)
        if kind == "file":
            (self.folder / argument).write_text(body, "utf-8")
        elif kind == "background":
            log = self.folder / f"background-{len(self._background)}.log"
            with log.open("wb") as out:
                self._background.append(self._start(body, out.fileno()))
            self._wait(lambda: log.read_text("utf-8", "replace"), step)
        elif kind == "until":
            self._wait(lambda: self._run(body)[1], step)
        elif kind != "skip:":
            code, output = self._run(body)
            assert code == 0, f"{body}\nexit code {code}:\n{output[-4000:]}"
            assert shows(output, step.output), f"{body}\nprints:\n{output[-4000:]}"

    def _run(self, body: str) -> tuple[int, str]:
        process = self._start(body, subprocess.PIPE)
        output, _ = process.communicate(timeout=WITHIN_S)
        return process.returncode, output.decode("utf-8", "replace")

    def _start(self, body: str, out: int) -> subprocess.Popen[bytes]:
        here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", PROLOGUE + body],
            cwd=self.folder,
            env=os.environ | self.environment | {"PATH": here},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _wait(self, look: Callable[[], str], step: Step) -> None:
        end = time.monotonic() + WITHIN_S
        while not shows(output := look(), step.output):
            assert time.monotonic() < end, f"{step.body}\nafter {WITHIN_S:.0f} s:\n{output[-4000:]}"
            time.sleep(0.5)

    def _stop(self) -> None:
        """Stop what runs, the newest first: Kafka outlives what talks to it."""
        for process in reversed(self._background):
            # Not bash, which would end at once: the command that it waits for.
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(process.pid).children():
                    child.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Child processes, and waiting for something to become true: every wait has a deadline."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SNAPFERRY_BINARY", ROOT / ".build" / "debug" / "snapferry"))


def eventually(
    probe: Callable[[], T | None], *, within: float = 10, every: float = 0.05, what: str | Callable[[], str] = ""
) -> T:
    """Asks until the answer is true, and returns it; at the deadline, fails the test and says what it waited for."""
    deadline = time.monotonic() + within
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            awaited = what() if callable(what) else what
            raise AssertionError(f"not within {within} s: {awaited or probe}; last answer: {answer!r}")
        time.sleep(every)


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without anything that would configure an AWS client, and with `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SNAPFERRY_")) and name.lower() not in ("http_proxy", "https_proxy", "all_proxy")
    }
    # Neither the person's own profile nor an instance's role may leak into a test.
    isolation = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return kept | isolation | extra


@dataclass
class Child:
    """A running process whose output goes to files."""

    process: subprocess.Popen[bytes]
    stdout_path: Path
    stderr_path: Path
    stopped: bool = field(default=False)

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace")

    def wait(self, within: float = 10) -> int:
        """The exit status; kills the process and fails where it takes longer."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running after {within} s\n{self.tail()}") from None

    def terminate(self, within: float = 10) -> int:
        """Sends SIGTERM and returns the exit status."""
        self.stopped = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(within)

    def tail(self, characters: int = 4000) -> str:
        return f"stdout: …{self.stdout[-characters:]}\nstderr: …{self.stderr[-characters:]}"


@contextlib.contextmanager
def running(arguments: Sequence[str | Path], environment: Mapping[str, str], logs: Path) -> Iterator[Child]:
    """Starts a process, and makes sure that it is gone at the end, by its own process id."""
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / "stdout").open("wb") as stdout, (logs / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=dict(environment),
        )
    child = Child(process, logs / "stdout", logs / "stderr")
    try:
        yield child
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for_port(port: int, child: Child, within: float = 60) -> None:
    """Waits until something answers on a port of this machine."""

    def answers() -> bool:
        assert child.process.poll() is None, f"exited with {child.process.returncode}\n{child.tail()}"
        with socket.socket() as client:
            client.settimeout(1)
            return client.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers, within=within, what=f"a listener on port {port}")

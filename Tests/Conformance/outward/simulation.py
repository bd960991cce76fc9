# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry simulate` as a child process."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud import Cloud, Keys
from processes import BINARY, Child, clean_environment, eventually, running

# The account that a simulator is asked as where none matters.
ACCOUNT = "111111111111"

READY = re.compile(r"^ready url=(?P<url>http://127\.0\.0\.1:\d+) clock=(?P<speed>[\d.]+)@(?P<epoch>[\d.TZ:+-]+)$", re.M)

# Ten minutes a second: a copy of 20 GiB takes 0.3 s, one of 1000 GiB 5 s.
FAST = 600


def local_keys(account: str) -> Keys:
    """The keys that `snapferry simulate` knows for every account."""
    return Keys(f"AKIALOCAL{account}", "test")


@dataclass(frozen=True)
class Simulator:
    cloud: Cloud
    child: Child
    ready: re.Match[str]

    @property
    def url(self) -> str:
        return self.cloud.endpoint


@contextlib.contextmanager
def simulate(logs: Path, *arguments: str, within: float = 20) -> Iterator[Simulator]:
    """Runs the embedded AWS; it must be ready `within` seconds, and leave with status 0 when told to stop."""
    command = [BINARY, "simulate", "--port", "0", *arguments]
    with running(command, clean_environment(), logs) as child:

        def ready() -> re.Match[str] | None:
            assert child.process.poll() is None, f"exited with {child.process.returncode}\n{child.tail()}"
            return READY.search(child.stdout)

        match = eventually(ready, within=within, what=lambda: f"a ready line\n{child.tail()}")
        yield Simulator(Cloud(match["url"], local_keys(ACCOUNT)), child, match)
        if not child.stopped:
            assert child.process.poll() is None, f"died with {child.process.returncode}\n{child.tail()}"
            assert child.terminate() == 0, child.tail()

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""`snapferry simulate` as a process: its ready line, its end, and what it says when it can't start."""

from __future__ import annotations

import signal
import socket
import threading
from pathlib import Path

import pytest

from cloud import unique
from processes import BINARY, clean_environment, running
from simulation import Simulator, simulate


def test_it_says_one_line_when_it_is_ready(simulator: Simulator) -> None:
    assert len(simulator.child.stdout.splitlines()) == 1
    assert simulator.ready["speed"].rstrip("0").rstrip(".") == "1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_even_while_somebody_waits(tmp_path: Path, number: signal.Signals) -> None:
    with simulate(tmp_path) as simulator:
        sqs = simulator.cloud.client("sqs")
        url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]

        def poll() -> None:
            try:
                simulator.cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)
            except Exception:  # noqa: BLE001 - however the connection ends is fine
                pass

        waiting = threading.Thread(target=poll)
        waiting.start()
        simulator.child.process.send_signal(number)
        assert simulator.child.wait(within=5) == 0
        waiting.join(timeout=5)
        simulator.child.stopped = True


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with running([BINARY, "simulate", "--port", str(port)], clean_environment(), tmp_path) as child:
            assert child.wait() == 2, child.tail()
            assert str(port) in child.stderr
            assert len(child.stderr.strip().splitlines()) == 1
            assert not child.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, ""),
        ("{", "line 1"),
        ("[]", "object"),
        ('{ "sauce": 1 }', "sauce"),
    ],
    ids=["no file", "no JSON", "no object", "an unknown member"],
)
@pytest.mark.parametrize("option", ["--seed-data", "--faults", "--settings"])
def test_a_bad_file_is_said_in_one_line(tmp_path: Path, option: str, content: str | None, says: str) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    with running([BINARY, "simulate", "--port", "0", option, path], clean_environment(), tmp_path / "logs") as child:
        assert child.wait() == 2, child.tail()
        [line] = child.stderr.strip().splitlines()
        assert str(path) in line
        assert says in line
        assert not child.stdout


@pytest.mark.parametrize("arguments", [["--port", "many"], ["--speed", "-1"]])
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    with running([BINARY, "simulate", "--port", "0", *arguments], clean_environment(), tmp_path) as child:
        assert child.wait() not in (0, -signal.SIGABRT, -signal.SIGSEGV)
        assert child.stderr.strip()

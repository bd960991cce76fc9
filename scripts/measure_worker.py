# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Prints how long a worker takes to its first poll, in ms, and what it holds in memory while idle, in MB.

A relay stands between the worker and `snapferry simulate`, passes bytes on as they are, and notes when the first
ReceiveMessage goes by; so the worker needs no instrumentation.
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

CONFORMANCE = Path(__file__).resolve().parent.parent / "Tests" / "Conformance"
sys.path[:0] = [str(CONFORMANCE), str(CONFORMANCE / "outward")]

import simulation  # noqa: E402
from cloud import EAST, IRELAND, unique  # noqa: E402
from processes import Child, clean_environment, eventually, running  # noqa: E402

RUNS = 11


class Relay:
    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.first_poll: float | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, watched: bool) -> None:
        try:
            while data := source.recv(65_536):
                if watched and self.first_poll is None and b"AmazonSQS.ReceiveMessage" in data:
                    self.first_poll = time.perf_counter()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def resident_megabytes(child: Child) -> float:
    for line in Path(f"/proc/{child.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")


def main(binary: str) -> None:
    simulation.BINARY = Path(binary)
    times: list[float] = []
    resident: list[float] = []
    with tempfile.TemporaryDirectory() as directory, simulation.simulate(Path(directory) / "simulate") as simulator:
        sqs = simulator.cloud.client("sqs", EAST)
        urls = [sqs.create_queue(QueueName=unique(name))["QueueUrl"] for name in ("jobs", "dead")]
        parts = urlsplit(simulator.url)
        relay = Relay((parts.hostname or "", parts.port or 0))
        environment = clean_environment(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{relay.port}",
            AWS_REGION=EAST,
            SNAPFERRY_QUEUE_URL=urls[0],
            SNAPFERRY_DEAD_LETTER_QUEUE_URL=urls[1],
            SNAPFERRY_SOURCE_REGIONS=EAST,
            SNAPFERRY_DESTINATIONS=IRELAND,
            **simulator.cloud.keys.environment(),
        )
        for run in range(RUNS):
            relay.first_poll = None
            started = time.perf_counter()
            with running([binary, "work"], environment, Path(directory) / f"work-{run}") as worker:

                def polled() -> float | None:
                    assert worker.process.poll() is None, worker.tail()
                    return relay.first_poll

                times.append((eventually(polled, within=20, every=0.001, what="a poll") - started) * 1000)
                if run == RUNS - 1:
                    # Idle means that nothing but the long poll is left to do: let what the start needed be given back.
                    deadline = time.monotonic() + 3
                    eventually(lambda: time.monotonic() > deadline)
                    resident.append(resident_megabytes(worker))
                assert worker.terminate() == 0, worker.tail()
    print(f"{statistics.median(times):.1f} {resident[-1]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1])

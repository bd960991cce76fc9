# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Measures what operators wait for, against `snapferry simulate` with 20 ms of latency on every call:

  status over 20 destinations and 200 copies in progress; report over 1,000 databases and 10,000 copies; /metrics of a
  worker with 20 destinations that has followed 200 copies.

Prints a line for each: what, seconds (median of 5; of 100 scrapes for /metrics), and the largest resident memory in MB.

    usage: scripts/measure_operators.py BINARY
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

CONFORMANCE = Path(__file__).resolve().parent.parent / "Tests" / "Conformance"
sys.path[:0] = [str(CONFORMANCE), str(CONFORMANCE / "outward")]

import simulation  # noqa: E402
from processes import clean_environment, eventually, running  # noqa: E402
from simulation import ACCOUNT  # noqa: E402

SOURCE = "us-east-1"
REGIONS = [
    "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "sa-east-1", "eu-west-1", "eu-west-2",
    "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "ap-northeast-1",
    "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-south-1",
]  # fmt: skip
LATENCY = {"rules": [{"fault": {"type": "latency", "seconds": 0.02}}]}
SETTINGS = {"manualSnapshotLimit": 100_000, "copyOverheadSeconds": 36_000}
RUNS = 5


def timed(command: Sequence[str], environment: dict[str, str], expected: int) -> tuple[float, float]:
    """Runs a command, and says how long it took and how much memory it had at its largest, in MB."""
    with open(os.devnull, "wb") as nowhere:
        started = time.perf_counter()
        child = os.posix_spawn(command[0], command, environment, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1)])
        _, status, usage = os.wait4(child, 0)
        took = time.perf_counter() - started
    assert os.waitstatus_to_exitcode(status) == expected, f"{command} ended with {status}"
    return took, usage.ru_maxrss * 1024 / 1e6


def row(what: str, runs: list[tuple[float, float]], wanted: str) -> None:
    seconds = statistics.median(run[0] for run in runs)
    print(f"{what:<52} {seconds:6.2f} s {max(run[1] for run in runs):7.1f} MB   {wanted}", flush=True)


def queue(name: str, dead: str | None = None) -> dict:
    item = {"account": ACCOUNT, "region": SOURCE, "name": name}
    return item | ({"deadLetterQueue": dead, "maxReceiveCount": 5} if dead else {})


def status_world() -> dict:
    """Ten databases, and a copy of each on its way to each of twenty Regions."""
    names = [f"db-{number}" for number in range(10)]
    copies = [
        {
            "account": ACCOUNT, "region": region, "service": "rds", "operation": "CopyDBSnapshot",
            "parameters": {
                "SourceDBSnapshotIdentifier": f"arn:aws:rds:{SOURCE}:{ACCOUNT}:snapshot:{name}-1",
                "TargetDBSnapshotIdentifier": f"{name}-1-{SOURCE}",
                "Tags": [{"Key": "snapferry:source", "Value": f"arn:aws:rds:{SOURCE}:{ACCOUNT}:snapshot:{name}-1"}],
            },
        }
        for region in REGIONS
        for name in names
    ]  # fmt: skip
    where = {"account": ACCOUNT, "region": SOURCE}
    return {
        "instances": [where | {"id": name, "engine": "postgres"} for name in names],
        "snapshots": [
            where | {"kind": "instance", "database": name, "id": f"{name}-1", "type": "manual"} for name in names
        ],
        "queues": [queue("dead"), queue("jobs", "dead")],
        "requests": copies,
    }


def report_world() -> dict:
    """A thousand clusters with ten copies each, a day apart."""
    now = datetime.now(timezone.utc)
    names = [f"db-{number:04}" for number in range(1000)]
    clusters = [
        {"account": ACCOUNT, "region": region, "id": name, "engine": "aurora-postgresql"}
        for region in (SOURCE, "eu-west-1")
        for name in names
    ]
    copies = []
    for name in names:
        for number in range(10):
            source = f"arn:aws:rds:{SOURCE}:{ACCOUNT}:cluster-snapshot:{name}-{number}"
            taken = (now - timedelta(hours=5 + 24 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
            copies.append(
                {
                    "account": ACCOUNT, "region": "eu-west-1", "kind": "cluster", "database": name, "type": "manual",
                    "id": f"{name}-{number}-{SOURCE}",
                    "tags": {
                        "snapferry:source": source, "snapferry:source-created": taken, "snapferry:route": "all",
                        "snapferry:job": "0123456789abcdef",
                    },
                }  # fmt: skip
            )
    return {"clusters": clusters, "snapshots": copies}


def policy(regions: list[str]) -> dict:
    destinations = [{"region": region, "slots": {"instance": 20}} for region in regions]
    return {"routes": [{"name": "all", "source": {"regions": [SOURCE]}, "destinations": destinations, "rpo": "26h"}]}


def scrape(binary: str, environment: dict[str, str], simulator: simulation.Simulator, logs: Path) -> None:
    """Reads the metrics of a worker that follows all the copies of the status world."""
    sqs = simulator.cloud.client("sqs", SOURCE)
    for region in REGIONS:
        for number in range(10):
            job = {
                "snapferry": "job", "version": 1, "route": "all", "firstSeen": "2026-01-01T00:00:00Z",
                "source": f"arn:aws:rds:{SOURCE}:{ACCOUNT}:snapshot:db-{number}-1",
                "destination": {"account": ACCOUNT, "region": region},
            }  # fmt: skip
            sqs.send_message(QueueUrl=environment["SNAPFERRY_QUEUE_URL"], MessageBody=json.dumps(job))
    with running([binary, "work", "--log-format", "json"], environment, logs) as worker:

        def listening() -> str | None:
            found = re.search(r'"listen.url":"http://([^"]+)"', worker.stdout)
            return found and found.group(1)

        connection = http.client.HTTPConnection(eventually(listening, within=60))

        def read() -> bytes:
            connection.request("GET", "/metrics")
            return connection.getresponse().read()

        eventually(lambda: worker.stdout.count("Copy in progress taken over") == 200, within=120, what="200 copies")
        times = []
        for _ in range(100):
            started = time.perf_counter()
            text = read()
            times.append(time.perf_counter() - started)
        assert worker.terminate() == 0, worker.tail()
    lines = sum(not line.startswith(b"#") for line in text.splitlines())
    title = f"/metrics of a worker with all of these, {lines} lines"
    print(f"{title:<52} {statistics.median(times) * 1000:5.1f} ms {'':<12} at most 5 ms", flush=True)


def main(binary: str) -> None:
    simulation.BINARY = Path(binary)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def file(title: str, document: dict) -> str:
            path = folder / f"{title}.json"
            path.write_text(json.dumps(document))
            return str(path)

        def world(title: str, seed: dict):
            arguments = ["--seed-data", file(f"{title}-seed", seed), "--settings", file("settings", SETTINGS)]
            # Twelve thousand requests make the larger world.
            return simulation.simulate(
                folder / title, *arguments, "--faults", file("faults", LATENCY), within=300
            )

        with world("status", status_world()) as simulator:
            environment = clean_environment(
                AWS_ENDPOINT_URL=simulator.url,
                AWS_REGION=SOURCE,
                SNAPFERRY_POLICY=file("many", policy(REGIONS)),
                SNAPFERRY_QUEUE_URL=f"{simulator.url}/{ACCOUNT}/jobs",
                **simulator.cloud.keys.environment(),
            )
            runs = [timed([binary, "status"], environment, 0) for _ in range(RUNS)]
            row("status, 20 destinations, 200 copies in progress", runs, "at most 1 s")
            scrape(binary, environment, simulator, folder / "work")
        with world("report", report_world()) as simulator:
            environment = clean_environment(
                AWS_ENDPOINT_URL=simulator.url,
                AWS_REGION=SOURCE,
                SNAPFERRY_POLICY=file("one", policy(["eu-west-1"])),
                **simulator.cloud.keys.environment(),
            )
            for kind in ([], ["--json"], ["--html", str(folder / "report.html")]):
                runs = [timed([binary, "report", *kind], environment, 0) for _ in range(RUNS)]
                title = " ".join(["report", *kind[:1]])
                row(f"{title}, 1,000 databases, 10,000 copies", runs, "at most 5 s and 100 MB")
            print(f"{'the page it writes':<52} {(folder / 'report.html').stat().st_size / 1e6:6.1f} MB", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The image at work: over the embedded AWS on this machine's own network. Run by scripts/image-test, which builds it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloud import EAST, IRELAND, Cloud
from emulation import event
from processes import eventually, free_port
from simulation import ACCOUNT, Simulator, local_keys, simulate

IMAGE, RUNTIME = os.environ["IMAGE"], os.environ["RUNTIME"].split()
OPTIONS = os.environ["RUN_OPTIONS"].split()
LIMIT_MB = 64
JOBS = 1000


def runtime(*arguments: str, check: bool = True) -> str:
    done = subprocess.run([*RUNTIME, *arguments], capture_output=True, text=True, timeout=120)
    assert not check or done.returncode == 0, f"{arguments}: {done.stderr or done.stdout}"
    return done.stdout.strip()


@dataclass
class Container:
    name: str
    started: float

    @property
    def logs(self) -> str:
        done = subprocess.run([*RUNTIME, "logs", self.name], capture_output=True, text=True, timeout=60)
        return done.stdout + done.stderr

    def inspect(self, format: str) -> str:
        return runtime("inspect", "--format", format, self.name)

    @property
    def runs(self) -> bool:
        return self.inspect("{{.State.Running}}") == "true"

    def peak_memory(self) -> dict[str, int]:
        """What the kernel counted at most, in bytes: of the process with all that it maps, and of its control group."""
        pid = int(self.inspect("{{.State.Pid}}"))
        status = Path(f"/proc/{pid}/status").read_text()
        found = {"process": int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024}
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            base = "/sys/fs/cgroup" + (f"/{controllers}" if controllers else "")
            if controllers in ("", "memory"):
                for name in ("memory.max_usage_in_bytes", "memory.peak"):
                    file = Path(f"{base}{path}/{name}")
                    if file.exists():
                        found["control group"] = int(file.read_text())
        return found

    def stop(self, seconds: int = 30) -> tuple[float, int]:
        """Asks it to stop as an orchestrator does; how long that took, and its exit status."""
        started = time.monotonic()
        runtime("stop", "--time", str(seconds), self.name)
        return time.monotonic() - started, int(self.inspect("{{.State.ExitCode}}"))


@dataclass
class Fleet:
    """A queue, a key and databases in an embedded AWS."""

    simulator: Simulator
    queue: str
    dead_letters: str

    @property
    def cloud(self) -> Cloud:
        return self.simulator.cloud

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.simulator.url, "AWS_REGION": EAST, "AWS_EC2_METADATA_DISABLED": "true",
            "SNAPFERRY_QUEUE_URL": self.queue, "SNAPFERRY_SOURCE_REGIONS": EAST, "SNAPFERRY_DESTINATIONS": IRELAND,
            "SNAPFERRY_LISTEN": f"127.0.0.1:{free_port()}",
        } | local_keys(ACCOUNT).environment() | more

    @contextlib.contextmanager
    def worker(self, *options: str, **variables: str) -> Iterator[Container]:
        name = f"snapferry-image-test-{uuid.uuid4().hex[:8]}"
        given = [part for key, value in self.environment(**variables).items() for part in ("--env", f"{key}={value}")]
        clock = self.simulator.ready
        command = ["work", "--clock", f"{clock['speed']}@{clock['epoch']}"]
        started = time.monotonic()
        runtime(
            "run", "--detach", "--name", name, *OPTIONS, "--read-only", "--cap-drop=ALL", f"--memory={LIMIT_MB}m",
            *given, *options, IMAGE, *command,
        )
        container = Container(name, started)
        try:
            yield container
        finally:
            runtime("rm", "--force", name, check=False)

    def depth(self, url: str) -> dict[str, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return {"visible": int(attributes[names[0]]), "hidden": int(attributes[names[1]])}

    def copies(self) -> list[dict[str, Any]]:
        return self.cloud.client("rds", IRELAND).describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]


@contextlib.contextmanager
def stage(logs: Path, speed: int, databases: int) -> Iterator[Fleet]:
    with simulate(logs, "--speed", str(speed)) as simulator:
        sqs, rds = simulator.cloud.client("sqs"), simulator.cloud.client("rds")
        dead = sqs.create_queue(QueueName="jobs-dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": f"arn:aws:sqs:{EAST}:{ACCOUNT}:jobs-dead", "maxReceiveCount": 20}
        queue = sqs.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": json.dumps(redrive)})["QueueUrl"]
        for number in range(databases):
            rds.create_db_instance(
                DBInstanceIdentifier=f"db-{number}", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
                MasterUsername="admin1", MasterUserPassword="not-a-secret",
            )
        yield Fleet(simulator, queue, dead)


def snapshot(fleet: Fleet, number: int) -> str:
    rds = fleet.cloud.client("rds")
    name = f"db-{number}-m"

    def created() -> str | None:
        [database] = rds.describe_db_instances(DBInstanceIdentifier=f"db-{number}")["DBInstances"]
        if database["DBInstanceStatus"] != "available":
            return None
        return rds.create_db_snapshot(DBInstanceIdentifier=f"db-{number}", DBSnapshotIdentifier=name)["DBSnapshot"][
            "DBSnapshotArn"
        ]

    return eventually(created, within=60, what="a database")


def send(fleet: Fleet, arns: list[str]) -> None:
    sqs = fleet.cloud.client("sqs")
    for start in range(0, len(arns), 10):
        entries = [
            {"Id": str(index), "MessageBody": json.dumps(
                {"snapferry": "job", "version": 1, "source": arn, "route": "environment",
                 "destination": {"account": ACCOUNT, "region": IRELAND}})}
            for index, arn in enumerate(arns[start : start + 10])
        ]
        assert not sqs.send_message_batch(QueueUrl=fleet.queue, Entries=entries).get("Failed")


def test_it_copies_asks_for_its_health_and_drains(tmp_path: Path) -> None:
    with stage(tmp_path, 60, 3) as fleet:
        arns = [snapshot(fleet, number) for number in range(3)]
        send(fleet, arns)
        with fleet.worker() as worker:
            first = eventually(lambda: fleet.depth(fleet.queue)["hidden"], within=60, every=0.02, what=lambda: worker.logs)
            handled = time.monotonic() - worker.started
            eventually(
                lambda: len(fleet.copies()) == 3 and all(each["Status"] == "available" for each in fleet.copies()),
                within=90, what=lambda: worker.logs,
            )
            eventually(lambda: sum(fleet.depth(fleet.queue).values()) == 0, within=60, what=lambda: worker.logs)
            health = subprocess.run(
                [*RUNTIME, "exec", worker.name, "/usr/local/bin/snapferry", "health"], capture_output=True, text=True
            )
            assert health.returncode == 0, health.stdout + health.stderr
            seconds, status = worker.stop()
            assert status == 0, worker.logs
            assert seconds < 20, f"{seconds:.1f} s"
        assert sum(fleet.depth(fleet.dead_letters).values()) == 0
        print(
            f"\nmeasured: the first {first} messages were taken {handled:.2f} s after the container was asked for; "
            f"it stopped in {seconds:.1f} s"
        )


def test_a_thousand_jobs_fit_into_64_mb(tmp_path: Path) -> None:
    """Twenty copies run, as RDS allows, and the rest waits in the worker's hands, held by heartbeat."""
    with stage(tmp_path, 1, 1) as fleet:
        arn = snapshot(fleet, 0)
        send(fleet, [arn.replace("db-0-m", f"db-{number}-m") for number in range(JOBS)])
        with fleet.worker(SNAPFERRY_WAITING_ROOM=str(JOBS)) as worker:
            eventually(
                lambda: worker.runs and fleet.depth(fleet.queue)["hidden"] >= JOBS * 0.95, within=120, every=0.5,
                what=lambda: f"{fleet.depth(fleet.queue)}\n{worker.logs[-3000:]}",
            )
            # Two heartbeats of all of them.
            time.sleep(10)
            assert worker.runs, worker.logs[-3000:]
            held, peak = fleet.depth(fleet.queue)["hidden"], worker.peak_memory()
            assert worker.inspect("{{.State.OOMKilled}}") == "false"
            seconds, status = worker.stop()
            assert status == 0, worker.logs[-3000:]
            assert seconds < 20, f"{seconds:.1f} s"
        told = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in peak.items())
        print(f"\nmeasured: {told} at most with {held} jobs in hand, of {LIMIT_MB}; stopped in {seconds:.1f} s")
        # Both, since pages of files count for whoever reads them first.
        assert max(peak.values()) <= LIMIT_MB * 1024 * 1024


def test_it_writes_nothing_to_its_root(tmp_path: Path) -> None:
    with stage(tmp_path, 60, 0) as fleet, fleet.worker() as worker:
        eventually(lambda: '"Working"' in worker.logs, within=60, what=lambda: worker.logs)
        assert runtime("diff", worker.name) == "" or OPTIONS
        probe = subprocess.run(
            [*RUNTIME, "exec", worker.name, "/bin/sh", "-c", "touch /usr/local/bin/x"], capture_output=True, text=True
        )
        assert probe.returncode != 0
        assert "uid=65532" in runtime("exec", worker.name, "/usr/bin/id")

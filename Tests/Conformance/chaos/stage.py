# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The embedded AWS of a run: its queues, keys, databases and rule, and the jobs that are fed into it."""

from __future__ import annotations

import contextlib
import json
import random
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloud import Cloud, queue_arn
from processes import eventually
from simulation import Simulator, local_keys, simulate

from .model import ACCOUNT, CLUSTER, DESTINATIONS, DOOMED, INSTANCE, SOURCE, Expectation, Options

SPEED = 60
QUEUE, DEAD_LETTERS, LOST, SLOTS = "jobs", "jobs-dead", "jobs-lost", "slots"
EVENTS = ["RDS-EVENT-0042", "RDS-EVENT-0091", "RDS-EVENT-0075", "RDS-EVENT-0169"]
RETRIES = {"retries": {"total_max_attempts": 8, "mode": "standard"}}


@dataclass
class Stage:
    options: Options
    simulator: Simulator
    expectation: Expectation = field(default_factory=Expectation)

    @cached_property
    def sqs(self) -> Any:
        return self.simulator.cloud.client("sqs", SOURCE, **RETRIES)

    @cached_property
    def hasty_sqs(self) -> Any:
        return self.simulator.cloud.client("sqs", SOURCE, read_timeout=5)

    @cached_property
    def rds(self) -> dict[str, Any]:
        return {
            region: self.simulator.cloud.client("rds", region, **RETRIES) for region in (SOURCE, *DESTINATIONS, DOOMED)
        }

    @cached_property
    def dynamodb(self) -> Any:
        return self.simulator.cloud.client("dynamodb", SOURCE, **RETRIES)

    # Setting up

    def __post_init__(self) -> None:
        self.queues = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in (DEAD_LETTERS, LOST)}
        redrive = {
            "deadLetterTargetArn": queue_arn(self.sqs, self.queues[DEAD_LETTERS]),
            # A worker that is killed gives nothing back, so each kill may cost a good job one receive. The redrive
            # policy is there for jobs that kill workers, and must not meet those whose workers are killed.
            "maxReceiveCount": max(30, self.options.kills),
        }
        attributes = {"RedrivePolicy": json.dumps(redrive)}
        self.queues[QUEUE] = self.sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
        events = self.simulator.cloud.client("events", SOURCE)
        pattern = {"source": ["aws.rds"], "detail": {"EventID": EVENTS}}
        events.put_rule(Name="snapshots", EventPattern=json.dumps(pattern))
        target = {"Id": "jobs", "Arn": queue_arn(self.sqs, self.queues[QUEUE])}
        assert not events.put_targets(Rule="snapshots", Targets=[target])["FailedEntryCount"]
        self._make_keys()
        self._make_databases()
        if self.options.slot_table:
            self.dynamodb.create_table(
                TableName=SLOTS,
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )

    def _make_keys(self) -> None:
        for region in (SOURCE, *DESTINATIONS, DOOMED):
            kms = self.simulator.cloud.client("kms", region)
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName="alias/dr", TargetKeyId=key)
            if region == DOOMED:
                kms.disable_key(KeyId=key)

    def _make_databases(self) -> None:
        rds = self.rds[SOURCE]
        common = {"MasterUsername": "chaos", "MasterUserPassword": "not-a-secret"}
        for name, kind, _ in self.databases:
            # Every third is plain, because the two kinds have opposite rules for keys.
            encrypted = name.startswith("doomed") or not name.endswith(("0", "3", "6", "9"))
            settings = common | ({"StorageEncrypted": True, "KmsKeyId": "alias/dr"} if encrypted else {})
            if kind == INSTANCE:
                rds.create_db_instance(
                    DBInstanceIdentifier=name,
                    Engine="postgres",
                    DBInstanceClass="db.t4g.medium",
                    AllocatedStorage=20,
                    **settings,
                )
            else:
                rds.create_db_cluster(
                    DBClusterIdentifier=name, Engine="aurora-postgresql", AllocatedStorage=20, **settings
                )

    @cached_property
    def databases(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Name, kind and where the snapshots of a database have to go."""
        made: list[tuple[str, str, tuple[str, ...]]] = []
        for kind, count in ((INSTANCE, 12), (CLUSTER, 8)):
            made += [(f"wide-{kind}-{index}", kind, DESTINATIONS) for index in range(count)]
            for region in DESTINATIONS:
                made += [(f"only-{region}-{kind}-{index}", kind, (region,)) for index in range(count // 2)]
            made.append((f"doomed-{kind}", kind, (DOOMED,)))
        return made

    def policy(self) -> dict[str, Any]:
        def route(name: str, pattern: str, regions: tuple[str, ...]) -> dict[str, Any]:
            return {
                "name": name,
                "source": {"regions": [SOURCE]},
                "match": {"databases": [pattern]},
                "destinations": [
                    {"region": region, "kmsKey": "alias/dr", "slots": self.options.slots} for region in regions
                ],
            }

        return {
            "routes": [
                route("wide", "wide-*", DESTINATIONS),
                *(route(f"only-{region}", f"only-{region}-*", (region,)) for region in DESTINATIONS),
                route("doomed", "doomed-*", (DOOMED,)),
            ]
        }

    def worker_environment(self) -> dict[str, str]:
        variables = {
            "AWS_REGION": SOURCE,
            "SNAPFERRY_QUEUE_URL": self.queues[QUEUE],
            "SNAPFERRY_VISIBILITY_TIMEOUT_SECONDS": str(VISIBILITY),
            "SNAPFERRY_CONFIRM_SHORTEST_SECONDS": "15",
            "SNAPFERRY_CONFIRM_LONGEST_SECONDS": "30",
            # Small enough that no worker sits on all the work, and that a kill meets only some of it.
            "SNAPFERRY_WAITING_ROOM": "40",
            **local_keys(ACCOUNT).environment(),
        }
        return variables | ({"SNAPFERRY_SLOT_TABLE": SLOTS} if self.options.slot_table else {})

    # Feeding

    def feeding(self, generator: random.Random) -> list[Callable[[], None]]:
        """One step for each thing that is put in, in the order in which it happens."""
        steps: list[Callable[[], None]] = []
        plain = [database for database in self.databases if database[2] != (DOOMED,)]
        pairs = 0
        number = 0
        while pairs < self.options.jobs - 12:
            name, kind, regions = plain[number % len(plain)] if number < len(plain) else generator.choice(plain)
            number += 1
            pairs += len(regions)
            steps.append(self._snapshot_step(f"s{number}", name, kind, regions, duplicate=generator.random() < 0.08))
        extras: list[Callable[[], None]] = []
        for index in range(3):
            for kind in (INSTANCE, CLUSTER):
                extras.append(self._snapshot_step(f"d{index}", f"doomed-{kind}", kind, (DOOMED,), duplicate=False))
        for body, reason in self._poison():
            extras.append(self._poison_step(body, reason))
        for extra in extras:
            steps.insert(generator.randrange(len(steps) + 1), extra)
        return steps

    def _snapshot_step(
        self, name: str, database: str, kind: str, regions: tuple[str, ...], *, duplicate: bool
    ) -> Callable[[], None]:
        def take() -> None:
            identifier = f"{database}-{name}"
            infix = "cluster-snapshot" if kind == CLUSTER else "snapshot"
            arn = f"arn:aws:rds:{SOURCE}:{ACCOUNT}:{infix}:{identifier}"
            if regions == (DOOMED,):
                self.expectation.doom(arn, "kms-key", regions)
            else:
                self.expectation.expect(arn, regions)
            if kind == CLUSTER:
                self.rds[SOURCE].create_db_cluster_snapshot(
                    DBClusterIdentifier=database, DBClusterSnapshotIdentifier=identifier
                )
            else:
                self.rds[SOURCE].create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=identifier)
            if duplicate:
                route = "wide" if len(regions) > 1 else f"only-{regions[0]}"
                self.send({"snapferry": "job", "version": 1, "source": arn, "route": route,
                           "destination": {"region": regions[0], "account": ACCOUNT}})

        return take

    @staticmethod
    def _poison() -> list[tuple[str, str]]:
        nowhere = {"snapferry": "job", "version": 1, "source": f"arn:aws:rds:{SOURCE}:{ACCOUNT}:snapshot:nowhere",
                   "destination": {"region": "sa-east-1"}}
        return [
            ("not JSON at all", "malformed"),
            ('{"snapferry":"job","version":7}', "malformed"),
            ('{"snapferry":"job","version":1,"source":17}', "malformed"),
            ('["a","list"]', "malformed"),
            (json.dumps(nowhere), "no-route"),
            (json.dumps(nowhere | {"source": "arn:aws:s3:::bucket"}), "malformed"),
        ]

    def _poison_step(self, body: str, reason: str) -> Callable[[], None]:
        def send() -> None:
            self.expectation.poisoned[body] = reason
            self.send(body)

        return send

    def send(self, body: str | dict[str, Any]) -> None:
        """Sends until it is accepted: the storms hit this process, too, and botocore's pauses would hold the run up."""
        text = body if isinstance(body, str) else json.dumps(body)

        def is_sent() -> bool:
            try:
                return bool(self.hasty_sqs.send_message(QueueUrl=self.queues[QUEUE], MessageBody=text))
            except (BotoCoreError, ClientError):
                return False

        eventually(is_sent, within=10, what="a message that is accepted")

    # Looking

    def local(self, method: str, path: str, document: Any = None) -> bytes:
        """What is no AWS: faults, journal, state."""
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.simulator.url}/_local/{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def depths(self) -> dict[str, dict[str, int]]:
        """Messages that are visible, in flight and delayed, by queue."""
        state = json.loads(self.local("GET", "state"))
        counts = ("visible", "inFlight", "delayed")
        return {queue["arn"].rsplit(":", 1)[1]: {name: queue[name] for name in counts} for queue in state["queues"]}


# Eight seconds of the wall clock's: a busy machine must not cost a lease.
VISIBILITY = 8 * SPEED


@contextlib.contextmanager
def stage(options: Options, logs: Path) -> Iterator[Stage]:
    """Runs the embedded AWS for one run."""
    settings = {
        "copySecondsPerGiB": 1,
        "copyOverheadSeconds": options.copy_seconds,
        "snapshotOverheadSeconds": 5,
        "snapshotSecondsPerGiB": 0,
        "manualSnapshotLimit": 100_000,
        "instanceCopyLimit": options.rds_limits[INSTANCE],
        "clusterCopyLimit": options.rds_limits[CLUSTER],
        "failEveryNthCopy": 60 if options.storms else 0,
    }
    logs.mkdir(parents=True, exist_ok=True)
    path = logs / "settings.json"
    path.write_text(json.dumps(settings, indent=1))
    arguments = ["--speed", str(SPEED), "--settings", str(path)]
    if options.sabotage:
        # A relay that changes requests can't sign them again.
        arguments.append("--no-verify-signatures")
    with simulate(logs / "simulate", *arguments) as simulator:
        simulator = Simulator(Cloud(simulator.url, local_keys(ACCOUNT), SOURCE), simulator.child, simulator.ready)
        made = Stage(options, simulator)
        (logs / "policy.json").write_text(json.dumps(made.policy(), indent=1))
        yield made

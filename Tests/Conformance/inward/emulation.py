# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""moto_server, with signature verification on, and workers that use it."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cloud import EAST, IRELAND, Cloud, Keys, queue_arn, unique
from processes import BINARY, Child, clean_environment, eventually, free_port, running, wait_for_port

# The account that moto puts everything into.
ACCOUNT = "123456789012"


@contextlib.contextmanager
def moto(logs: Path, *, verify: bool = True) -> Iterator[Cloud]:
    """Runs moto; unless told otherwise, whoever calls it must sign with the keys of the cloud."""
    port = free_port()
    server = Path(sys.executable).with_name("moto_server")
    environment = clean_environment(PYTHONUNBUFFERED="1")
    with running([sys.executable, server, "-H", "127.0.0.1", "-p", str(port)], environment, logs) as child:
        wait_for_port(port, child)
        cloud = Cloud(f"http://127.0.0.1:{port}", Keys("setup", "setup"))
        yield verifying(cloud) if verify else cloud


@contextlib.contextmanager
def relay(port: int, cloud: Cloud) -> Iterator[None]:
    """Lets a port of this machine lead to a cloud."""
    address = urlsplit(cloud.endpoint)

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((address.hostname, address.port)) as beyond:
                answers = threading.Thread(target=copy, args=(beyond, self.request), daemon=True)
                answers.start()
                copy(self.request, beyond)
                answers.join(timeout=1)

    class Listener(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True
        block_on_close = False

    with Listener(("127.0.0.1", port), Relay) as listener:
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown()


def verifying(cloud: Cloud) -> Cloud:
    """Makes a user who may do everything, and turns the verification of signatures on."""
    iam = cloud.client("iam")
    name = unique("worker")
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="everything", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    # Any other content type makes moto fail.
    request = urllib.request.Request(
        f"{cloud.endpoint}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}, method="POST"
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        assert answer.status == 200
    return cloud.with_keys(Keys(key["AccessKeyId"], key["SecretAccessKey"]))


@dataclass
class Fleet:
    """A job queue with its dead-letter queue, fed by RDS events, and a key at the destination."""

    cloud: Cloud
    queue: str = field(init=False)
    dead_letters: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        sqs = self.sqs
        self.dead_letters = sqs.create_queue(QueueName=unique("dead-letters"))["QueueUrl"]
        redrive = {"deadLetterTargetArn": queue_arn(sqs, self.dead_letters), "maxReceiveCount": 50}
        self.queue = sqs.create_queue(
            QueueName=unique("jobs"), Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "60"}
        )["QueueUrl"]
        self.key = self.cloud.client("kms", IRELAND).create_key()["KeyMetadata"]["Arn"]

    @cached_property
    def sqs(self) -> Any:
        return self.cloud.client("sqs", EAST)

    def subscribe(self) -> None:
        """Lets every event that tells of a finished snapshot come to the queue."""
        events = self.cloud.client("events", EAST)
        name = unique("snapshots")
        pattern = {
            "source": ["aws.rds"],
            "detail": {"EventID": ["RDS-EVENT-0042", "RDS-EVENT-0091", "RDS-EVENT-0075", "RDS-EVENT-0169"]},
        }
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "jobs", "Arn": queue_arn(self.sqs, self.queue)}])

    def send(self, body: str | dict[str, Any]) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)

    def depth(self, url: str) -> int:
        """Messages on a queue, whether visible, in flight or delayed."""
        names = [f"ApproximateNumberOfMessages{suffix}" for suffix in ("", "NotVisible", "Delayed")]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def until_idle(self, worker: Child, within: float = 90) -> None:
        def idle() -> bool:
            assert worker.process.poll() is None, f"the worker exited\n{worker.tail()}"
            return self.depth(self.queue) == 0

        try:
            eventually(idle, within=within, every=0.2, what="an empty queue")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{worker.tail()}") from None

    def take_dead_letters(self, number: int, worker: Child, within: float = 60) -> list[dict[str, Any]]:
        """Takes messages off the dead-letter queue until there are as many."""
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            assert worker.process.poll() is None, f"the worker exited\n{worker.tail()}"
            answer = self.sqs.receive_message(
                QueueUrl=self.dead_letters, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=600
            )
            found.extend(answer.get("Messages", []))
            return len(found) >= number

        try:
            eventually(enough, within=within, every=0.2, what=f"{number} dead letters")
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{worker.tail()}") from None
        return found

    def environment(self, **extra: str) -> dict[str, str]:
        """What a worker is told; an empty value takes a variable away."""
        variables = clean_environment(
            AWS_ENDPOINT_URL=self.cloud.endpoint,
            AWS_REGION=EAST,
            SNAPFERRY_QUEUE_URL=self.queue,
            SNAPFERRY_DEAD_LETTER_QUEUE_URL=self.dead_letters,
            SNAPFERRY_SOURCE_REGIONS=EAST,
            SNAPFERRY_DESTINATIONS=IRELAND,
            SNAPFERRY_KMS_KEY=self.key,
            **self.cloud.keys.environment(),
        )
        return {name: value for name, value in (variables | extra).items() if value}

    @contextlib.contextmanager
    def worker(self, logs: Path, **extra: str) -> Iterator[Child]:
        """Runs a worker; it has to stop within ten seconds of SIGTERM, and never to show a secret."""
        with running([BINARY, "work"], self.environment(**extra), logs) as child:
            yield child
            if not child.stopped:
                assert child.process.poll() is None, f"exited with {child.process.returncode}\n{child.tail()}"
                assert child.terminate(within=10) == 0, child.tail()
            assert self.cloud.keys.secret_key not in child.stdout + child.stderr


def event(event_id: str, arn: str, **changes: Any) -> dict[str, Any]:
    """An RDS event as EventBridge takes it: source, detail-type and detail."""
    identifier = arn.split(":", 6)[6]
    is_cluster = ":cluster-snapshot:" in arn
    word = "cluster snapshot" if is_cluster else "snapshot"
    automated = event_id in ("RDS-EVENT-0091", "RDS-EVENT-0169")
    return {
        "source": "aws.rds",
        "detail-type": "RDS DB Cluster Snapshot Event" if is_cluster else "RDS DB Snapshot Event",
        "resources": [arn],
        "detail": {
            "EventCategories": ["backup" if is_cluster else "creation"],
            "SourceType": "CLUSTER_SNAPSHOT" if is_cluster else "SNAPSHOT",
            "SourceArn": arn,
            "Date": "2026-11-21T12:26:13.882Z",
            "SourceIdentifier": identifier,
            "Message": f"{'Automated' if automated else 'Manual'} {word} created",
            "EventID": event_id,
        },
    } | changes


def delivered(event: dict[str, Any], account: str = ACCOUNT, region: str = EAST) -> dict[str, Any]:
    """The event in the envelope that reaches a queue."""
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "account": account,
        "time": "2026-11-21T12:26:13Z",
        "region": region,
    } | event

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Connections to the embedded AWS, byte by byte: what clients may do to one that libraries seldom do."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cloud import Cloud, unique
from processes import eventually
from simulation import Simulator
from wire import JSON_10

HEALTH = b"GET /_local/health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextlib.contextmanager
def connected(cloud: Cloud) -> Iterator[socket.socket]:
    parts = urlsplit(cloud.endpoint)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        yield connection


def answers(connection: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """Reads so many answers, or as many as there are before the end: status and body."""
    text, found = b"", []
    while len(found) < count:
        match = re.match(rb"HTTP/1\.1 (\d+) .*?\r\n\r\n", text, re.S)
        if match:
            length = re.search(rb"content-length: (\d+)", match[0], re.I)
            assert length, match[0]
            end = match.end() + int(length[1])
            if len(text) >= end:
                found.append((int(match[1]), text[match.end() : end]))
                text = text[end:]
                continue
        more = connection.recv(65536)
        if not more:
            break
        text += more
    return found


def statuses(connection: socket.socket, count: int) -> list[int]:
    return [status for status, _ in answers(connection, count)]


def sqs(cloud: Cloud, operation: str, **members: object) -> bytes:
    """A signed request as it goes over the wire."""
    body = json.dumps(members).encode()
    headers = {"Content-Type": JSON_10, "X-Amz-Target": f"AmazonSQS.{operation}"}
    request = AWSRequest("POST", f"{cloud.endpoint}/", headers=headers, data=body)
    SigV4Auth(Credentials(cloud.keys.access_key, cloud.keys.secret_key), "sqs", cloud.region).add_auth(request)
    lines = [f"Host: {urlsplit(cloud.endpoint).netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name.lower() != "content-length"]
    return "\r\n".join(["POST / HTTP/1.1", *lines, "", ""]).encode() + body


@pytest.fixture
def queue(cloud: Cloud) -> str:
    return cloud.client("sqs").create_queue(QueueName=unique("connections"))["QueueUrl"]


def test_requests_that_come_together_are_answered_in_their_order(cloud: Cloud, queue: str) -> None:
    poll = sqs(cloud, "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=2)
    began = time.monotonic()
    with connected(cloud) as connection:
        # More than may wait for their turn: the rest stays unread until there is room.
        connection.sendall(poll + HEALTH * 100)
        first, *rest = answers(connection, 101)
    assert time.monotonic() - began >= 1.9
    assert first == (200, b"{}")
    assert rest == [(200, b'{"status":"ok"}')] * 100


def test_a_client_that_has_sent_all_still_gets_its_answers(cloud: Cloud, queue: str) -> None:
    sent = sqs(cloud, "SendMessage", QueueUrl=queue, MessageBody="x")
    with connected(cloud) as connection:
        connection.sendall(sent * 3)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(connection, 4) == [200] * 3


def test_a_client_that_goes_away_takes_no_message_with_it(simulator: Simulator, cloud: Cloud, queue: str) -> None:
    with connected(cloud) as connection:
        connection.sendall(sqs(cloud, "ReceiveMessage", QueueUrl=queue, WaitTimeSeconds=20))
        # Another answer behind it shows that the poll has begun.
        cloud.client("sqs").get_queue_attributes(QueueUrl=queue)
    client = cloud.client("sqs")
    time.sleep(0.2)
    client.send_message(QueueUrl=queue, MessageBody="x")
    received = eventually(
        lambda: client.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"),
        within=5,
        what=lambda: "the message",
    )
    assert received[0]["Body"] == "x"


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_the_last_request_of_a_connection_ends_it(cloud: Cloud, version: str) -> None:
    head = f"GET /_local/health HTTP/{version}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    with connected(cloud) as connection:
        connection.sendall(head)
        assert statuses(connection, 2) == [200]


def test_a_body_that_is_too_large_is_refused(cloud: Cloud) -> None:
    size = 3 * 1024 * 1024
    with connected(cloud) as connection:
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
        # The answer comes, and the connection ends, before all of it is sent.
        with contextlib.suppress(ConnectionError):
            connection.sendall(head + b"x" * size)
        with contextlib.suppress(ConnectionError):
            assert statuses(connection, 2) == [413]


def test_what_is_no_http_is_refused_after_what_is(cloud: Cloud) -> None:
    with connected(cloud) as connection:
        connection.sendall(HEALTH + b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert statuses(connection, 3) == [200, 400]


def test_a_target_may_name_the_host_as_for_a_proxy(cloud: Cloud) -> None:
    with connected(cloud) as connection:
        for target in ("http://localhost/_local/health", "http://localhost/_local/health?x=1"):
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert statuses(connection, 1) == [200]

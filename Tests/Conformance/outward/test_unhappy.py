# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Garbage, unknown operations and bodies beyond measure are refused in words, and the next request is served."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from cloud import Cloud, unique
from wire import FORM, JSON_10, JSON_11, Answer, send

TARGETS = {
    "sqs": ("AmazonSQS", JSON_10),
    "dynamodb": ("DynamoDB_20120810", JSON_10),
    "events": ("AWSEvents", JSON_11),
    "kms": ("TrentService", JSON_11),
}


@pytest.fixture(autouse=True)
def still_alive(cloud: Cloud) -> Iterator[None]:
    yield
    assert cloud.client("sts").get_caller_identity()["Account"]


def post(cloud: Cloud, service: str, operation: str, body: bytes) -> Answer:
    if service in TARGETS:
        prefix, content_type = TARGETS[service]
        headers = {"Content-Type": content_type, "X-Amz-Target": f"{prefix}.{operation}"}
    else:
        headers = {"Content-Type": FORM}
    return send(cloud, service, f"{cloud.endpoint}/", body, headers)


def assert_refused(answer: Answer, is_json: bool) -> None:
    assert 400 <= answer.status < 500, answer
    if is_json:
        assert json.loads(answer.body)["__type"]
    else:
        assert any(element.tag.endswith("Code") for element in ElementTree.fromstring(answer.body).iter())


GARBAGE = {
    "empty": b"",
    "not json": b"{",
    "an array": b"[]",
    "null": b"null",
    "a string": b'"x"',
    "wrong types": b'{"QueueUrl": 1, "TableName": [], "Rule": {}, "KeyId": false}',
    "invalid UTF-8": b'{"QueueUrl": "\xff\xfe"}',
    "random": os.urandom(1000),
    "a mebibyte of brackets": b"[" * 1_048_576,
    "nested objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize(
    ("service", "operation"),
    [("sqs", "ReceiveMessage"), ("dynamodb", "GetItem"), ("events", "PutTargets"), ("kms", "DescribeKey")],
)
def test_a_body_that_is_no_request_is_refused(cloud: Cloud, service: str, operation: str, body: bytes) -> None:
    assert_refused(post(cloud, service, operation, body), is_json=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"&&&==&", b"Action=", b"Action=CopyDBSnapshot", b"\xff\xfe%", b"Action=DescribeDBSnapshots&MaxRecords=many",
     b"Action=%ZZ", os.urandom(1000)],
    ids=["empty", "ampersands", "no action", "no parameters", "invalid UTF-8", "no number", "bad escape", "random"],
)
def test_a_form_that_is_no_request_is_refused(cloud: Cloud, body: bytes) -> None:
    assert_refused(post(cloud, "rds", "", body), is_json=False)


@pytest.mark.parametrize("service", [*TARGETS, "rds", "sts"])
def test_an_unknown_operation_is_refused(cloud: Cloud, service: str) -> None:
    version = b"2011-06-15" if service == "sts" else b"2014-10-31"
    body = b"{}" if service in TARGETS else b"Action=MakeCoffee&Version=" + version
    answer = post(cloud, service, "MakeCoffee", body)
    assert_refused(answer, is_json=service in TARGETS)
    assert b"Unknown" in answer.body or b"Invalid" in answer.body or b"Unsupported" in answer.body


def test_an_unknown_service_is_refused(cloud: Cloud) -> None:
    headers = {"Content-Type": JSON_11, "X-Amz-Target": "Coffee_20200101.MakeCoffee"}
    assert 400 <= send(cloud, "coffee", f"{cloud.endpoint}/", b"{}", headers).status < 500


@pytest.mark.parametrize("service", ["sqs", "rds"])
def test_three_mebibytes_are_too_many(cloud: Cloud, service: str) -> None:
    url = cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    if service == "sqs":
        body = json.dumps({"QueueUrl": url, "MessageBody": "x" * 3 * 1_048_576}).encode()
    else:
        body = b"Action=DescribeDBSnapshots&Version=2014-10-31&DBSnapshotIdentifier=" + b"x" * 3 * 1_048_576
    try:
        answer = post(cloud, service, "SendMessage", body)
    except (ConnectionError, OSError):
        # Hanging up before the end of the body is an answer, too.
        return
    assert 400 <= answer.status < 500


def test_half_a_request_holds_nobody_up(cloud: Cloud) -> None:
    parts = urlsplit(cloud.endpoint)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port)) as half:
        half.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert cloud.client("sts").get_caller_identity()["Account"]
    with socket.create_connection((parts.hostname, parts.port)) as noise:
        noise.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        noise.settimeout(5)
        try:
            noise.recv(1000)
        except ConnectionError:
            pass


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("PUT", "/x"), ("DELETE", "/")])
def test_other_methods_and_paths_are_answered(cloud: Cloud, method: str, path: str) -> None:
    answer = send(cloud, "rds", f"{cloud.endpoint}{path}", b"", {}, method=method)
    assert 400 <= answer.status < 500

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""What goes over the wire to SQS, signed by hand: the shapes that botocore hides."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from cloud import Cloud, unique
from wire import FORM, JSON_10, send

NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@pytest.fixture
def queue(cloud: Cloud) -> str:
    return cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]


def query(cloud: Cloud, url: str, **form: str) -> tuple[int, ElementTree.Element]:
    body = urlencode({"Version": "2012-11-05"} | form).encode()
    answer = send(cloud, "sqs", url, body, {"Content-Type": FORM})
    return answer.status, ElementTree.fromstring(answer.body)


def test_the_query_protocol_works_on_the_url_of_the_queue(cloud: Cloud, queue: str) -> None:
    status, sent = query(cloud, queue, Action="SendMessage", MessageBody="a & b")
    assert (status, sent.tag) == (200, f"{NAMESPACE}SendMessageResponse")
    assert sent.find(f"{NAMESPACE}SendMessageResult/{NAMESPACE}MessageId") is not None
    assert sent.find(f"{NAMESPACE}ResponseMetadata/{NAMESPACE}RequestId") is not None
    status, received = query(cloud, queue, Action="ReceiveMessage", **{"AttributeName.1": "All"})
    body = received.find(f"{NAMESPACE}ReceiveMessageResult/{NAMESPACE}Message/{NAMESPACE}Body")
    assert status == 200
    assert body is not None and body.text == "a & b"


def test_an_error_of_the_query_protocol_is_xml_with_the_legacy_code(cloud: Cloud, queue: str) -> None:
    status, failure = query(cloud, f"{queue}-gone", Action="GetQueueAttributes")
    assert status == 400
    assert failure.tag == f"{NAMESPACE}ErrorResponse"
    error = {child.tag.removeprefix(NAMESPACE): child.text for child in failure.find(f"{NAMESPACE}Error") or []}
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["Type"] == "Sender"


def test_an_error_of_the_json_protocol_names_the_shape_and_the_header_the_legacy_code(
    cloud: Cloud, queue: str
) -> None:
    headers = {
        "Content-Type": JSON_10,
        "X-Amz-Target": "AmazonSQS.ReceiveMessage",
        "x-amzn-query-mode": "true",
    }
    body = json.dumps({"QueueUrl": f"{queue}-gone"}).encode()
    answer = send(cloud, "sqs", f"{cloud.endpoint}/", body, headers)
    assert answer.status == 400
    assert answer.headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert answer.headers["x-amzn-requestid"]
    assert json.loads(answer.body)["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"


def test_the_url_of_the_queue_may_name_another_host(cloud: Cloud, queue: str) -> None:
    elsewhere = f"https://sqs.us-east-1.amazonaws.com/{cloud.account}/{queue.rsplit('/', 1)[1]}"
    sqs = cloud.client("sqs")
    sqs.send_message(QueueUrl=elsewhere, MessageBody="x")
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1

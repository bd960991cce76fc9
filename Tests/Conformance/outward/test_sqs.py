# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""SQS, each test twice: over the JSON protocol and over the query protocol that older clients speak."""

from __future__ import annotations

import hashlib
import json
import struct
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from cloud import MODELS, Cloud, error_code, error_message, queue_arn, unique
from processes import eventually
from query_protocol import query_models

MEBIBYTE = 1_048_576


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loader]:
    return {"json": MODELS, "query": query_models(tmp_path_factory.mktemp("models"))}


@pytest.fixture(params=["json", "query"])
def sqs(request: pytest.FixtureRequest, cloud: Cloud, models: dict[str, Loader]) -> Any:
    client = cloud.client("sqs", models=models[request.param])
    assert client.meta.service_model.metadata["protocol"] == request.param
    return client


@pytest.fixture
def queue(sqs: Any) -> str:
    return sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]


def receive(sqs: Any, url: str, **parameters: Any) -> list[dict[str, Any]]:
    return sqs.receive_message(QueueUrl=url, **({"AttributeNames": ["All"]} | parameters)).get("Messages", [])


def receive_one(sqs: Any, url: str, **parameters: Any) -> dict[str, Any]:
    [message] = eventually(lambda: receive(sqs, url, **parameters), what="a message")
    return message


def count(sqs: Any, url: str, name: str = "") -> int:
    attribute = f"ApproximateNumberOfMessages{name}"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])["Attributes"][attribute])


def with_dead_letters(sqs: Any, maximum: int) -> tuple[str, str]:
    """A queue and its dead-letter queue."""
    dead = sqs.create_queue(QueueName=unique("dead"))["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": maximum})
    return sqs.create_queue(QueueName=unique("main"), Attributes={"RedrivePolicy": policy})["QueueUrl"], dead


def dead_letter(sqs: Any, main: str, dead: str, bodies: list[str]) -> None:
    """Sends messages and receives them until the queue gives them up; maxReceiveCount is 1."""
    for body in bodies:
        sqs.send_message(QueueUrl=main, MessageBody=body)

    def moved() -> bool:
        receive(sqs, main, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return count(sqs, dead) == len(bodies)

    eventually(moved, within=20, what="all messages in the dead-letter queue")


def attributes_md5(attributes: dict[str, dict[str, Any]]) -> str:
    """MD5OfMessageAttributes, as the developer guide of SQS describes it."""
    digest = hashlib.md5()
    for name in sorted(attributes):
        value = attributes[name]
        for part in (name.encode(), value["DataType"].encode()):
            digest.update(struct.pack(">I", len(part)) + part)
        binary = value["DataType"].startswith("Binary")
        content = value["BinaryValue"] if binary else value["StringValue"].encode()
        digest.update((b"\x02" if binary else b"\x01") + struct.pack(">I", len(content)) + content)
    return digest.hexdigest()


# Queues


def test_a_queue_is_created_found_listed_and_deleted(sqs: Any) -> None:
    name = unique("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url.endswith(f"/{name}")
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]
    sqs.delete_queue(QueueUrl=url)

    def gone() -> bool:
        try:
            sqs.get_queue_url(QueueName=name)
        except sqs.exceptions.QueueDoesNotExist as failure:
            return error_code(failure) == "AWS.SimpleQueueService.NonExistentQueue"
        return False

    eventually(gone)
    assert not sqs.list_queues(QueueNamePrefix=name).get("QueueUrls")


def test_creating_a_queue_again_is_harmless_unless_it_differs(sqs: Any) -> None:
    name = unique("queue")
    first = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "40"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "40"})["QueueUrl"] == first
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == first
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "41"})


def test_lists_of_queues_are_paged(sqs: Any) -> None:
    prefix = unique("page")
    urls = {sqs.create_queue(QueueName=f"{prefix}-{number}")["QueueUrl"] for number in range(5)}
    pages = list(
        sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    )
    assert [len(page.get("QueueUrls", [])) for page in pages] == [2, 2, 1]
    assert {url for page in pages for url in page["QueueUrls"]} == urls


@pytest.mark.parametrize(
    "call",
    [
        lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="x"),
        lambda sqs, url: sqs.receive_message(QueueUrl=url),
        lambda sqs, url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
        lambda sqs, url: sqs.delete_message(QueueUrl=url, ReceiptHandle="x"),
        lambda sqs, url: sqs.delete_queue(QueueUrl=url),
        lambda sqs, url: sqs.purge_queue(QueueUrl=url),
    ],
    ids=["send", "receive", "attributes", "delete message", "delete queue", "purge"],
)
def test_a_queue_that_does_not_exist_is_said_so(sqs: Any, queue: str, call: Any) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as failure:
        call(sqs, queue + "-gone")
    assert error_code(failure) == "AWS.SimpleQueueService.NonExistentQueue"


def test_attributes_have_the_defaults_of_sqs_and_can_be_set(sqs: Any, queue: str) -> None:
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    expected = {
        "VisibilityTimeout": "30",
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "MaximumMessageSize": str(MEBIBYTE),
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["QueueArn"].startswith("arn:aws:sqs:us-east-1:")
    assert abs(float(found["CreatedTimestamp"]) - time.time()) < 60

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "77", "DelaySeconds": "5"})
    changed = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout", "DelaySeconds"])
    assert changed["Attributes"] == {"VisibilityTimeout": "77", "DelaySeconds": "5"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("VisibilityTimeout", "43201"), ("DelaySeconds", "901"), ("MessageRetentionPeriod", "59"), ("DelaySeconds", "x")],
)
def test_an_attribute_out_of_its_range_is_refused(sqs: Any, queue: str, name: str, value: str) -> None:
    with pytest.raises(ClientError) as failure:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: value})
    assert error_code(failure) in ("InvalidAttributeValue", "InvalidParameterValue")
    assert name in error_message(failure)


def test_an_attribute_that_does_not_exist_is_refused(sqs: Any, queue: str) -> None:
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Colour"])
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Colour": "red"})


# Messages


def test_a_message_carries_its_digest_and_its_system_attributes(sqs: Any, queue: str) -> None:
    body = 'Grüße, 世界 🚢 & <xml> "quoted"\n\ttab'
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
    assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
    before = time.time() * 1000
    message = receive_one(sqs, queue)
    assert message["Body"] == body
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    attributes = message["Attributes"]
    assert attributes["ApproximateReceiveCount"] == "1"
    assert attributes["SenderId"]
    assert abs(int(attributes["SentTimestamp"]) - before) < 10_000
    assert abs(int(attributes["ApproximateFirstReceiveTimestamp"]) - before) < 10_000
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert count(sqs, queue) == count(sqs, queue, "NotVisible") == 0


def test_system_attributes_come_only_when_asked_for(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    plain = receive_one(sqs, url, AttributeNames=[], VisibilityTimeout=0)
    assert "Attributes" not in plain
    asked = receive_one(sqs, url, AttributeNames=[], MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert asked["Attributes"] == {"ApproximateReceiveCount": "2"}


def test_an_empty_queue_answers_without_messages(sqs: Any, queue: str) -> None:
    answer = sqs.receive_message(QueueUrl=queue)
    assert "Messages" not in answer


def test_message_attributes_keep_their_types_and_digest(sqs: Any, queue: str) -> None:
    attributes = {
        "reason": {"DataType": "String", "StringValue": "source-gone: ünïcödé"},
        "attempts": {"DataType": "Number", "StringValue": "3"},
        "raw": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
        "kind.custom": {"DataType": "String.kind", "StringValue": "cluster"},
    }
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    assert sent["MD5OfMessageAttributes"] == attributes_md5(attributes)
    message = receive_one(sqs, queue, MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]

    some = receive_one(sqs, queue, MessageAttributeNames=["kind.*", "reason"], VisibilityTimeout=0)
    assert set(some["MessageAttributes"]) == {"kind.custom", "reason"}
    assert some["MD5OfMessageAttributes"] == attributes_md5(some["MessageAttributes"])
    assert "MessageAttributes" not in receive_one(sqs, queue)


def test_messages_are_limited_to_a_mebibyte(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x" * MEBIBYTE)
    assert len(receive_one(sqs, queue)["Body"]) == MEBIBYTE
    with pytest.raises(ClientError) as failure:
        sqs.send_message(QueueUrl=queue, MessageBody="x" * (MEBIBYTE + 1))
    assert error_code(failure) == "InvalidParameterValue"
    assert str(MEBIBYTE) in error_message(failure)


def test_characters_that_xml_cannot_carry_are_refused(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    with pytest.raises(sqs.exceptions.InvalidMessageContents):
        sqs.send_message(QueueUrl=url, MessageBody="bell \x07")


def test_no_more_than_ten_messages_at_once(sqs: Any, queue: str) -> None:
    with pytest.raises(ClientError) as failure:
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=11)
    assert error_code(failure) == "InvalidParameterValue"


def test_delayed_messages_wait(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert count(sqs, queue, "Delayed") == 1
    assert not receive(sqs, queue)
    assert receive_one(sqs, queue)["Body"] == "later"

    slow = sqs.create_queue(QueueName=unique("slow"), Attributes={"DelaySeconds": "900"})["QueueUrl"]
    sqs.send_message(QueueUrl=slow, MessageBody="much later")
    sqs.send_message(QueueUrl=slow, MessageBody="at once", DelaySeconds=0)
    assert receive_one(sqs, slow)["Body"] == "at once"
    assert count(sqs, slow, "Delayed") == 1


def test_purging_empties_a_queue_and_not_twice_a_minute(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.purge_queue(QueueUrl=queue)
    eventually(lambda: count(sqs, queue) == 0)
    with pytest.raises(sqs.exceptions.PurgeQueueInProgress):
        sqs.purge_queue(QueueUrl=queue)


# Long polls


def test_a_long_poll_waits_as_long_as_asked(sqs: Any, queue: str) -> None:
    started = time.monotonic()
    assert not receive(sqs, queue, WaitTimeSeconds=2)
    assert 1.8 < time.monotonic() - started < 6


def test_a_long_poll_ends_when_a_message_arrives(cloud: Cloud, sqs: Any, queue: str) -> None:
    def send() -> None:
        sender = cloud.client("sqs")
        eventually(lambda: time.monotonic() - started > 0.5)
        sender.send_message(QueueUrl=queue, MessageBody="here")

    started = time.monotonic()
    thread = threading.Thread(target=send)
    thread.start()
    messages = receive(sqs, queue, WaitTimeSeconds=20)
    elapsed = time.monotonic() - started
    thread.join()
    assert [message["Body"] for message in messages] == ["here"]
    assert 0.4 < elapsed < 10


def test_a_long_poll_ends_when_a_message_becomes_visible_again(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    receive_one(sqs, queue, VisibilityTimeout=1)
    started = time.monotonic()
    assert len(receive(sqs, queue, WaitTimeSeconds=20)) == 1
    assert time.monotonic() - started < 10


def test_the_wait_of_the_queue_is_the_default(sqs: Any) -> None:
    url = sqs.create_queue(QueueName=unique("queue"), Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]
    started = time.monotonic()
    assert not receive(sqs, url)
    assert 0.8 < time.monotonic() - started < 5


# Visibility


def test_a_received_message_is_hidden_and_comes_back_with_its_count_raised(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first = receive_one(sqs, queue, VisibilityTimeout=1)
    assert not receive(sqs, queue)
    assert (count(sqs, queue), count(sqs, queue, "NotVisible")) == (0, 1)
    second = receive_one(sqs, queue)
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    key = "ApproximateFirstReceiveTimestamp"
    assert second["Attributes"][key] == first["Attributes"][key]


def test_visibility_can_be_ended_and_extended(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first = receive_one(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    second = receive_one(sqs, queue, VisibilityTimeout=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=60)
    started = time.monotonic()
    eventually(lambda: time.monotonic() - started > 1.5)
    assert not receive(sqs, queue)


def test_a_lost_lease_is_said_so(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    message = receive_one(sqs, queue, VisibilityTimeout=0)
    with pytest.raises(ClientError) as failure:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=30)
    assert error_code(failure) in ("AWS.SimpleQueueService.MessageNotInflight", "InvalidParameterValue")


def test_an_old_handle_still_deletes_without_complaint(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    old = receive_one(sqs, queue, VisibilityTimeout=0)
    new = receive_one(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=old["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=new["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=new["ReceiptHandle"])
    assert count(sqs, queue) == count(sqs, queue, "NotVisible") == 0


def test_a_handle_that_never_was_is_refused(sqs: Any, queue: str) -> None:
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="never-was")
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle="never-was", VisibilityTimeout=1)


def test_visibility_ends_twelve_hours_after_the_receive(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = receive_one(sqs, queue)["ReceiptHandle"]
    with pytest.raises(ClientError) as failure:
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43_201)
    assert error_code(failure) == "InvalidParameterValue"
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43_190)

    def refusal() -> str | None:
        try:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=43_200)
        except ClientError as failure:
            return f"{error_code(failure)}: {error_message(failure)}"
        return None

    text = eventually(refusal, what="43200 s to be too long")
    assert text.startswith("InvalidParameterValue")
    assert "beyond the limit [43200 seconds]" in text


# Batches


def test_batches_report_each_entry(sqs: Any, queue: str) -> None:
    sent = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "good", "MessageBody": "fine", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}},
            {"Id": "late", "MessageBody": "too late", "DelaySeconds": 901},
        ],
    )
    assert [entry["Id"] for entry in sent["Successful"]] == ["good"]
    assert sent["Successful"][0]["MD5OfMessageBody"] == hashlib.md5(b"fine").hexdigest()
    assert sent["Successful"][0]["MD5OfMessageAttributes"]
    [failed] = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("late", "InvalidParameterValue", True)

    handle = receive_one(sqs, queue)["ReceiptHandle"]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 100},
            {"Id": "b", "ReceiptHandle": "never-was", "VisibilityTimeout": 100},
            {"Id": "c", "ReceiptHandle": handle, "VisibilityTimeout": 43_201},
        ],
    )
    assert [entry["Id"] for entry in changed["Successful"]] == ["a"]
    assert {entry["Id"]: entry["Code"] for entry in changed["Failed"]} == {
        "b": "ReceiptHandleIsInvalid",
        "c": "InvalidParameterValue",
    }

    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "never-was"}],
    )
    assert [entry["Id"] for entry in deleted["Successful"]] == ["a"]
    assert [(entry["Id"], entry["Code"]) for entry in deleted["Failed"]] == [("b", "ReceiptHandleIsInvalid")]


@pytest.mark.parametrize(
    ("error", "entries"),
    [
        ("TooManyEntriesInBatchRequest", [{"Id": str(number), "MessageBody": "x"} for number in range(11)]),
        ("BatchEntryIdsNotDistinct", [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}]),
        ("InvalidBatchEntryId", [{"Id": "no spaces", "MessageBody": "x"}]),
        ("BatchRequestTooLong", [{"Id": str(number), "MessageBody": "x" * 600_000} for number in range(2)]),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_whole(
    sqs: Any, queue: str, error: str, entries: list[dict[str, Any]]
) -> None:
    with pytest.raises(getattr(sqs.exceptions, error)) as failure:
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert error_code(failure) == f"AWS.SimpleQueueService.{error}"
    assert count(sqs, queue) == 0


def test_an_empty_batch_is_refused(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    with pytest.raises(sqs.exceptions.EmptyBatchRequest):
        sqs.send_message_batch(QueueUrl=url, Entries=[])


# Dead letters


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(sqs: Any) -> None:
    main, dead = with_dead_letters(sqs, maximum=2)
    sent = sqs.send_message(QueueUrl=main, MessageBody="poison")
    for attempt in ("1", "2"):
        message = receive_one(sqs, main, VisibilityTimeout=0)
        assert message["Attributes"]["ApproximateReceiveCount"] == attempt
    assert not receive(sqs, main)
    moved = receive_one(sqs, dead)
    assert (moved["MessageId"], moved["Body"]) == (sent["MessageId"], "poison")
    assert moved["Attributes"]["DeadLetterQueueSourceArn"] == queue_arn(sqs, main)
    assert int(moved["Attributes"]["ApproximateReceiveCount"]) >= 3
    pages = sqs.get_paginator("list_dead_letter_source_queues").paginate(QueueUrl=dead)
    assert [url for page in pages for url in page["queueUrls"]] == [main]


def test_the_dead_letter_queue_may_refuse_sources(sqs: Any, queue: str) -> None:
    for allowed in (
        {"redrivePermission": "denyAll"},
        {"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:us-east-1:123456789012:another"]},
    ):
        dead = sqs.create_queue(
            QueueName=unique("dead"), Attributes={"RedriveAllowPolicy": json.dumps(allowed)}
        )["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": 1})
        with pytest.raises(ClientError) as failure:
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
        assert error_message(failure)

    welcoming = {"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn(sqs, queue)]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(welcoming)})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        '{"maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:never-was", "maxReceiveCount": 3}',
    ],
)
def test_a_redrive_policy_that_cannot_work_is_refused(sqs: Any, queue: str, policy: str) -> None:
    with pytest.raises(ClientError) as failure:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_move_task_sends_dead_letters_back_to_where_they_came_from(sqs: Any) -> None:
    main, dead = with_dead_letters(sqs, maximum=1)
    dead_letter(sqs, main, dead, ["one", "two", "three"])
    arn = queue_arn(sqs, dead)
    assert sqs.start_message_move_task(SourceArn=arn)["TaskHandle"]

    def finished() -> dict[str, Any] | None:
        [task] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = eventually(finished, what="the task to complete")
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    assert task["SourceArn"] == arn
    assert "TaskHandle" not in task
    assert (count(sqs, dead), count(sqs, main)) == (0, 3)
    assert receive_one(sqs, main)["Attributes"]["ApproximateReceiveCount"] == "1"


def test_a_move_task_can_go_elsewhere_and_be_cancelled(sqs: Any, queue: str) -> None:
    main, dead = with_dead_letters(sqs, maximum=1)
    dead_letter(sqs, main, dead, [str(number) for number in range(30)])
    arn = queue_arn(sqs, dead)
    handle = sqs.start_message_move_task(
        SourceArn=arn, DestinationArn=queue_arn(sqs, queue), MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    [task] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["TaskHandle"]) == ("RUNNING", handle)
    with pytest.raises(ClientError):
        sqs.start_message_move_task(SourceArn=arn)
    eventually(lambda: count(sqs, queue) >= 1, what="the first message to arrive")
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    assert 1 <= moved < 30

    def cancelled() -> bool:
        return sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"] == "CANCELLED"

    eventually(cancelled)
    assert count(sqs, queue) + count(sqs, dead) == 30


def test_move_tasks_need_a_dead_letter_queue_and_a_running_task(sqs: Any, queue: str) -> None:
    with pytest.raises(ClientError) as failure:
        sqs.start_message_move_task(SourceArn=queue_arn(sqs, queue))
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
    with pytest.raises(sqs.exceptions.ResourceNotFoundException):
        sqs.start_message_move_task(SourceArn="arn:aws:sqs:us-east-1:123456789012:never-was")
    with pytest.raises(sqs.exceptions.ResourceNotFoundException):
        sqs.cancel_message_move_task(TaskHandle="bmV2ZXItd2Fz")

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""SNS: topics, and queues that hear of what is published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import IRELAND, Cloud, queue_arn, unique


@pytest.fixture
def sns(cloud: Cloud) -> Any:
    return cloud.client("sns")


def test_topics_are_made_listed_and_deleted(cloud: Cloud, sns: Any) -> None:
    topic = sns.create_topic(Name="ops")["TopicArn"]
    assert sns.create_topic(Name="ops")["TopicArn"] == topic
    assert [entry["TopicArn"] for entry in sns.list_topics()["Topics"]] == [topic]
    assert cloud.client("sns", IRELAND).list_topics()["Topics"] == []
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    assert sns.list_topics()["Topics"] == []
    with pytest.raises(ClientError, match="InvalidParameter"):
        sns.create_topic(Name="not a name")


@pytest.mark.parametrize("raw", [True, False])
def test_a_queue_hears_what_is_published(cloud: Cloud, sns: Any, raw: bool) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=unique("inbox"))["QueueUrl"]
    topic = sns.create_topic(Name="ops")["TopicArn"]
    attributes = {"RawMessageDelivery": "true"} if raw else {}
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue_arn(sqs, url), Attributes=attributes, ReturnSubscriptionArn=True
    )["SubscriptionArn"]
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Protocol"]) == (subscription, "sqs")
    published = sns.publish(
        TopicArn=topic,
        Message="héllo <&>",
        Subject="greetings",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )["MessageId"]
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"])["Messages"]
    if raw:
        assert message["Body"] == "héllo <&>"
        assert message["MessageAttributes"]["kind"] == {"DataType": "String", "StringValue": "x"}
    else:
        envelope = json.loads(message["Body"])
        assert (envelope["Type"], envelope["Message"], envelope["Subject"]) == ("Notification", "héllo <&>", "greetings")
        assert (envelope["MessageId"], envelope["TopicArn"]) == (published, topic)
        assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "x"}}
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.publish(TopicArn=topic, Message="nobody hears")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_what_can_not_be_published_is_refused(sns: Any) -> None:
    topic = sns.create_topic(Name="ops")["TopicArn"]
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=topic + "-gone", Message="x")
    for subject in ("s" * 101, "two\nlines", " blank"):
        with pytest.raises(sns.exceptions.InvalidParameterException):
            sns.publish(TopicArn=topic, Message="x", Subject=subject)
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn="ops", Message="x")

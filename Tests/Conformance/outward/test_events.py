# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""EventBridge: patterns, rules, schedules, and the events of RDS, delivered to SQS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import EAST, IRELAND, Cloud, queue_arn, unique
from databases import CLUSTER, INSTANCE, Kind
from processes import eventually

SNAPSHOT_EVENTS = ["RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"]

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "844e2571-85d4-695f-b930-0153b71dcb42",
    "detail-type": "RDS DB Cluster Snapshot Event",
    "source": "aws.rds",
    "account": "123456789012",
    "time": "2018-10-06T12:26:13Z",
    "region": "us-east-1",
    "resources": ["arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:orders-2018-10-06-12-26"],
    "detail": {
        "EventCategories": ["backup"],
        "SourceType": "CLUSTER_SNAPSHOT",
        "SourceArn": "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:orders-2018-10-06-12-26",
        "Date": "2018-10-06T12:26:13.882Z",
        "SourceIdentifier": "rds:orders-2018-10-06-12-26",
        "Message": "Automated cluster snapshot created",
        "EventID": "RDS-EVENT-0169",
        "Size": 100,
        "Encrypted": True,
        "Nothing": None,
    },
}


class Inbox:
    """A queue that a rule delivers to."""

    def __init__(self, cloud: Cloud, region: str = EAST) -> None:
        self.events = cloud.client("events", region)
        self.sqs = cloud.client("sqs", region)
        self.url = self.sqs.create_queue(QueueName=unique("inbox"))["QueueUrl"]
        self.arn = queue_arn(self.sqs, self.url)
        self.bodies: list[dict[str, Any]] = []

    def rule(self, target: dict[str, Any] | None = None, **parameters: Any) -> str:
        name = unique("rule")
        self.events.put_rule(Name=name, **parameters)
        answer = self.events.put_targets(Rule=name, Targets=[{"Id": "inbox", "Arn": self.arn} | (target or {})])
        assert answer["FailedEntryCount"] == 0
        return name

    def collect(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.bodies.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.bodies

    def until(self, number: int) -> list[dict[str, Any]]:
        eventually(lambda: len(self.collect()) >= number, what=f"{number} events; came: {self.bodies}")
        return self.bodies


def put(events: Any, detail: dict[str, Any], **entry: Any) -> dict[str, Any]:
    entry = {"Source": "aws.rds", "DetailType": "RDS DB Snapshot Event", "Detail": json.dumps(detail)} | entry
    return events.put_events(Entries=[entry])


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.rds"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": ["aws.ec2", "aws.rds"]}, True),
        ({"source": ["aws.rds"], "detail-type": SNAPSHOT_EVENTS}, True),
        ({"detail": {"EventID": ["RDS-EVENT-0091", "RDS-EVENT-0169"]}}, True),
        ({"detail": {"EventID": ["RDS-EVENT-0091"]}}, False),
        ({"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0091"]}}, False),
        ({"detail": {"EventCategories": ["backup", "creation"]}}, True),
        ({"detail": {"EventCategories": ["creation"]}}, False),
        ({"detail": {"SourceIdentifier": [{"prefix": "rds:orders-"}]}}, True),
        ({"detail": {"SourceIdentifier": [{"prefix": "rds:users-"}]}}, False),
        ({"detail": {"SourceIdentifier": [{"suffix": "-12-26"}]}}, True),
        ({"detail": {"SourceIdentifier": [{"suffix": "-12-27"}]}}, False),
        ({"detail": {"SourceIdentifier": [{"wildcard": "rds:*-2018-*"}]}}, True),
        ({"detail": {"SourceIdentifier": [{"wildcard": "rds:*-2019-*"}]}}, False),
        ({"detail": {"Message": [{"equals-ignore-case": "AUTOMATED cluster snapshot created"}]}}, True),
        ({"detail": {"Message": [{"equals-ignore-case": "something else"}]}}, False),
        ({"detail": {"EventID": [{"anything-but": "RDS-EVENT-0074"}]}}, True),
        ({"detail": {"EventID": [{"anything-but": ["RDS-EVENT-0169", "RDS-EVENT-0074"]}]}}, False),
        ({"detail": {"SourceIdentifier": [{"anything-but": {"prefix": "awsbackup:"}}]}}, True),
        ({"detail": {"SourceIdentifier": [{"anything-but": {"prefix": "rds:"}}]}}, False),
        ({"detail": {"EventID": [{"exists": True}]}}, True),
        ({"detail": {"EventID": [{"exists": False}]}}, False),
        ({"detail": {"Colour": [{"exists": False}]}}, True),
        ({"detail": {"Size": [100]}}, True),
        ({"detail": {"Size": [{"numeric": [">=", 100, "<", 200]}]}}, True),
        ({"detail": {"Size": [{"numeric": [">", 100]}]}}, False),
        ({"detail": {"Encrypted": [True]}}, True),
        ({"detail": {"Encrypted": [False]}}, False),
        ({"detail": {"Encrypted": ["true"]}}, False),
        ({"detail": {"Nothing": [None]}}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"Size": [100]}}]}, True),
        ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"Size": [101]}}]}, False),
        ({"detail": {"Absent": {"deep": ["x"]}}}, False),
        ({"resources": [{"prefix": "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:"}]}, True),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else None,
)
def test_patterns_match_as_documented(cloud: Cloud, pattern: dict[str, Any], matches: bool) -> None:
    answer = cloud.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert answer["Result"] is matches


@pytest.mark.parametrize("pattern", ["not json", "[]", '{"source": "aws.rds"}', '{"source": [{"nonsense": 1}]}'])
def test_a_pattern_that_makes_no_sense_is_refused(cloud: Cloud, pattern: str) -> None:
    events = cloud.client("events")
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name=unique("rule"), EventPattern=pattern)


def test_an_event_goes_to_the_queues_of_the_rules_it_matches(cloud: Cloud) -> None:
    matching, other = Inbox(cloud), Inbox(cloud)
    matching.rule(EventPattern=json.dumps({"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0169"]}}))
    other.rule(EventPattern=json.dumps({"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0091"]}}))
    detail = {"EventID": "RDS-EVENT-0169", "SourceIdentifier": "rds:orders"}
    answer = put(matching.events, detail, DetailType=SNAPSHOT_EVENTS[1], Resources=["arn:aws:rds:x"])
    assert answer["FailedEntryCount"] == 0
    [event] = matching.until(1)
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert {name: event[name] for name in ("version", "detail-type", "source", "account", "region", "resources")} == {
        "version": "0",
        "detail-type": SNAPSHOT_EVENTS[1],
        "source": "aws.rds",
        "account": cloud.account,
        "region": EAST,
        "resources": ["arn:aws:rds:x"],
    }
    assert event["detail"] == detail
    assert other.collect() == []


def test_entries_that_are_no_events_fail_alone(cloud: Cloud) -> None:
    answer = cloud.client("events").put_events(
        Entries=[
            {"Source": "a", "DetailType": "b", "Detail": "{}"},
            {"Source": "a", "DetailType": "b", "Detail": "not json"},
            {"Source": "a", "Detail": "{}"},
        ]
    )
    assert answer["FailedEntryCount"] == 2
    assert [bool(entry.get("EventId")) for entry in answer["Entries"]] == [True, False, False]
    assert all(entry["ErrorCode"] and entry["ErrorMessage"] for entry in answer["Entries"][1:])


def test_a_constant_input_replaces_the_event(cloud: Cloud) -> None:
    inbox = Inbox(cloud)
    constant = {"snapferry": "sweep", "note": "ünïcödé"}
    inbox.rule({"Input": json.dumps(constant)}, EventPattern=json.dumps({"source": ["test"]}))
    put(inbox.events, {}, Source="test")
    assert inbox.until(1) == [constant]


def test_rules_and_targets_are_listed_disabled_and_removed(cloud: Cloud) -> None:
    inbox = Inbox(cloud)
    pattern = {"source": ["test"]}
    name = inbox.rule(EventPattern=json.dumps(pattern), Description="a rule")
    events = inbox.events
    described = events.describe_rule(Name=name)
    assert (described["State"], json.loads(described["EventPattern"])) == ("ENABLED", pattern)
    assert described["Arn"].endswith(f":rule/{name}")
    assert name in [rule["Name"] for rule in events.list_rules()["Rules"]]
    [target] = events.list_targets_by_rule(Rule=name)["Targets"]
    assert (target["Id"], target["Arn"]) == ("inbox", inbox.arn)

    events.disable_rule(Name=name)
    put(events, {"number": 1}, Source="test")
    events.enable_rule(Name=name)
    put(events, {"number": 2}, Source="test")
    assert [event["detail"] for event in inbox.until(1)] == [{"number": 2}]

    with pytest.raises(ClientError):
        events.delete_rule(Name=name)
    assert events.remove_targets(Rule=name, Ids=["inbox"])["FailedEntryCount"] == 0
    events.delete_rule(Name=name)
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name=name)
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.put_targets(Rule=name, Targets=[{"Id": "inbox", "Arn": inbox.arn}])


def test_a_schedule_sends_its_constant_input_again_and_again(fast_cloud: Cloud) -> None:
    inbox = Inbox(fast_cloud)
    sweep = {"snapferry": "sweep"}
    name = inbox.rule({"Input": json.dumps(sweep)}, ScheduleExpression="rate(5 minutes)")
    assert inbox.until(3)[:3] == [sweep] * 3
    inbox.events.disable_rule(Name=name)


def test_a_schedule_without_input_sends_a_scheduled_event(fast_cloud: Cloud) -> None:
    inbox = Inbox(fast_cloud)
    name = inbox.rule(ScheduleExpression="rate(1 hour)")
    event = inbox.until(1)[0]
    inbox.events.disable_rule(Name=name)
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == [inbox.events.describe_rule(Name=name)["Arn"]]


@pytest.mark.parametrize("expression", ["rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "every day", ""])
def test_a_schedule_that_makes_no_sense_is_refused(cloud: Cloud, expression: str) -> None:
    events = cloud.client("events")
    with pytest.raises(ClientError) as failure:
        events.put_rule(Name=unique("rule"), ScheduleExpression=expression)
    assert failure.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("kind", "automated", "wanted"),
    [
        (INSTANCE, False, ("RDS-EVENT-0042", "creation", "SNAPSHOT", "Manual snapshot created")),
        (INSTANCE, True, ("RDS-EVENT-0091", "creation", "SNAPSHOT", "Automated snapshot created")),
        (CLUSTER, False, ("RDS-EVENT-0075", "backup", "CLUSTER_SNAPSHOT", "Manual cluster snapshot created")),
        (CLUSTER, True, ("RDS-EVENT-0169", "backup", "CLUSTER_SNAPSHOT", "Automated cluster snapshot created")),
    ],
    ids=["manual instance", "automated instance", "manual cluster", "automated cluster"],
)
def test_rds_tells_the_default_bus_of_snapshots(
    fast_cloud: Cloud, kind: Kind, automated: bool, wanted: tuple[str, str, str, str]
) -> None:
    event_id, category, source_type, message = wanted
    inbox = Inbox(fast_cloud)
    inbox.rule(
        EventPattern=json.dumps({"source": ["aws.rds"], "detail-type": SNAPSHOT_EVENTS, "detail": {"EventID": [event_id]}})
    )
    rds = fast_cloud.client("rds")
    database = kind.create(rds)
    name = kind.take_automated(fast_cloud, database) if automated else kind.id_of(kind.take(rds, database))
    arn = f"arn:aws:rds:{EAST}:{fast_cloud.account}:{kind.resource}:{name}"
    event = next((event for event in inbox.until(1) if event["detail"]["SourceIdentifier"] == name), None)
    assert event is not None
    assert event["detail-type"] == SNAPSHOT_EVENTS[kind is CLUSTER]
    assert (event["source"], event["account"], event["region"]) == ("aws.rds", fast_cloud.account, EAST)
    assert event["resources"] == [arn]
    detail = event["detail"]
    assert (detail["EventID"], detail["SourceType"], detail["Message"]) == (event_id, source_type, message)
    assert detail["EventCategories"] == [category]
    assert detail["SourceArn"] == arn


def test_a_finished_copy_of_an_instance_is_told_in_the_destination(fast_cloud: Cloud) -> None:
    inbox = Inbox(fast_cloud, IRELAND)
    inbox.rule(EventPattern=json.dumps({"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0059", "RDS-EVENT-0060"]}}))
    rds, ireland = fast_cloud.client("rds"), fast_cloud.client("rds", IRELAND)
    source = INSTANCE.take(rds, INSTANCE.create(rds))
    INSTANCE.copy(ireland, INSTANCE.arn_of(source), "over-there")
    events = inbox.until(2)
    assert [event["detail"]["EventID"] for event in events] == ["RDS-EVENT-0059", "RDS-EVENT-0060"]
    assert {event["region"] for event in events} == {IRELAND}
    assert "Finished copy of snapshot" in events[1]["detail"]["Message"]

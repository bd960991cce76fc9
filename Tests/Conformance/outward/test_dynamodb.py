# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""DynamoDB as far as the slot ledger goes: conditional writes, their refusals, and transactions."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import Cloud, error_code, unique

ACQUIRE = {
    "UpdateExpression": "SET #o = :o, #e = :e ADD #v :one",
    "ConditionExpression": "attribute_not_exists(pk) OR #e < :now OR #o = :o",
    "ExpressionAttributeNames": {"#o": "owner", "#e": "exp", "#v": "ver"},
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


@pytest.fixture
def dynamodb(cloud: Cloud) -> Any:
    return cloud.client("dynamodb")


@pytest.fixture
def table(dynamodb: Any) -> str:
    name = unique("slots")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    return name


def acquire(dynamodb: Any, table: str, slot: str, owner: str, now: int, until: int) -> dict[str, Any]:
    return dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": slot}},
        ExpressionAttributeValues={
            ":o": {"S": owner}, ":e": {"N": str(until)}, ":now": {"N": str(now)}, ":one": {"N": "1"},
        },
        ReturnValues="ALL_NEW",
        **ACQUIRE,
    )["Attributes"]


def test_a_slot_is_acquired_refused_renewed_and_taken_over(dynamodb: Any, table: str) -> None:
    held = acquire(dynamodb, table, "s#1", "a", now=0, until=10)
    assert held == {"pk": {"S": "s#1"}, "owner": {"S": "a"}, "exp": {"N": "10"}, "ver": {"N": "1"}}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as refusal:
        acquire(dynamodb, table, "s#1", "b", now=5, until=15)
    assert refusal.value.response["Item"] == held
    assert refusal.value.response["Error"]["Message"] == "The conditional request failed"
    assert acquire(dynamodb, table, "s#1", "a", now=6, until=16)["ver"] == {"N": "2"}
    assert acquire(dynamodb, table, "s#1", "b", now=17, until=27)["owner"] == {"S": "b"}


def test_one_of_many_wins_a_race(cloud: Cloud, dynamodb: Any, table: str) -> None:
    winners: list[str] = []

    def run(owner: str) -> None:
        try:
            acquire(cloud.client("dynamodb"), table, "s#1", owner, now=0, until=10)
            winners.append(owner)
        except ClientError as failure:
            assert error_code(failure) == "ConditionalCheckFailedException"

    threads = [threading.Thread(target=run, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    item = dynamodb.get_item(TableName=table, Key={"pk": {"S": "s#1"}}, ConsistentRead=True)["Item"]
    assert item["owner"] == {"S": winners[0]}


def test_a_release_needs_the_owner(dynamodb: Any, table: str) -> None:
    acquire(dynamodb, table, "s#1", "a", now=0, until=10)
    release = {
        "TableName": table,
        "Key": {"pk": {"S": "s#1"}},
        "ConditionExpression": "#o = :o",
        "ExpressionAttributeNames": {"#o": "owner"},
    }
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.delete_item(ExpressionAttributeValues={":o": {"S": "b"}}, **release)
    old = dynamodb.delete_item(ExpressionAttributeValues={":o": {"S": "a"}}, ReturnValues="ALL_OLD", **release)
    assert old["Attributes"]["owner"] == {"S": "a"}
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"pk": {"S": "s#1"}})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_exists(pk)", True),
        ("attribute_not_exists(pk)", False),
        ("attribute_type(n, :S)", False),
        ("begins_with(s, :ab)", True),
        ("contains(s, :c)", True),
        ("size(holders) < :two", True),
        ("size(holders) >= :two", False),
        ("attribute_not_exists(holders.b)", True),
        ("n BETWEEN :two AND :ten", True),
        ("n IN (:two, :ten)", False),
        ("n <> :two AND NOT n = :ten", True),
        ("n = :two OR (n > :two AND n <= :ten)", True),
        ("absent = :two", False),
    ],
)
def test_conditions(dynamodb: Any, table: str, condition: str, holds: bool) -> None:
    dynamodb.put_item(
        TableName=table,
        Item={"pk": {"S": "x"}, "n": {"N": "5"}, "s": {"S": "abc"}, "holders": {"M": {"a": {"S": "1"}}}},
    )
    every = {":two": {"N": "2"}, ":ten": {"N": "10"}, ":ab": {"S": "ab"}, ":c": {"S": "c"}, ":S": {"S": "S"}}
    values = {name: value for name, value in every.items() if name in condition}
    parameters = {"ExpressionAttributeValues": values} if values else {}

    def check() -> None:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": "x"}},
            UpdateExpression="SET touched = touched",
            ConditionExpression=condition,
            **parameters,
        )

    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": "x"}},
        UpdateExpression="SET touched = :yes",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
    )
    if holds:
        check()
    else:
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            check()


def test_updates_set_in_maps_remove_add_and_count(dynamodb: Any, table: str) -> None:
    key = {"pk": {"S": "x"}}
    dynamodb.put_item(TableName=table, Item=key | {"holders": {"M": {}}, "n": {"N": "1"}, "old": {"S": "x"}})
    answer = dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET holders.#j = :v, n = n + :two REMOVE #old ADD tags :tags",
        ConditionExpression="size(holders) < :two AND attribute_not_exists(holders.#j)",
        ExpressionAttributeNames={"#j": "job-1", "#old": "old"},
        ExpressionAttributeValues={":v": {"S": "here"}, ":two": {"N": "2"}, ":tags": {"SS": ["a", "b"]}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    answer["tags"]["SS"].sort()
    assert answer == key | {
        "holders": {"M": {"job-1": {"S": "here"}}}, "n": {"N": "3"}, "tags": {"SS": ["a", "b"]},
    }


def test_a_transaction_happens_whole_or_says_why_not(dynamodb: Any, table: str) -> None:
    def put(key: str) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": table,
                "Item": {"pk": {"S": key}},
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    dynamodb.transact_write_items(TransactItems=[put("a"), put("b")])
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as failure:
        dynamodb.transact_write_items(TransactItems=[put("c"), put("a")])
    reasons = failure.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == {"pk": {"S": "a"}}
    found = dynamodb.query(
        TableName=table, KeyConditionExpression="pk = :a", ExpressionAttributeValues={":a": {"S": "c"}}
    )
    assert found["Count"] == 0
    assert dynamodb.scan(TableName=table)["Count"] == 2


def test_what_makes_no_sense_is_refused(dynamodb: Any, table: str) -> None:
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.get_item(TableName="never-was", Key={"pk": {"S": "x"}})
    for expression in ("SET", "SET a == :x", "SET #undefined = :x", "SET a = :undefined"):
        with pytest.raises(ClientError) as failure:
            dynamodb.update_item(
                TableName=table,
                Key={"pk": {"S": "x"}},
                UpdateExpression=expression,
                ExpressionAttributeValues={":x": {"S": "x"}},
            )
        assert error_code(failure) == "ValidationException"
    with pytest.raises(ClientError) as failure:
        dynamodb.get_item(TableName=table, Key={"wrong": {"S": "x"}})
    assert error_code(failure) == "ValidationException"


def test_time_to_live_is_configured(dynamodb: Any, table: str) -> None:
    dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert described["AttributeName"] == "ttl"
    assert described["TimeToLiveStatus"] in ("ENABLED", "ENABLING")

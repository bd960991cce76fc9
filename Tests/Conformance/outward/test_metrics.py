# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""Metrics as Prometheus's own parser and CloudWatch's rules read them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from processes import BINARY, clean_environment, eventually, free_port, running
from simulation import ACCOUNT, simulate

SOURCE, DESTINATION = "us-east-1", "eu-west-1"

# The rules of "Specification: embedded metric format" in the CloudWatch user guide. A set of dimensions may be empty.
EMBEDDED = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "additionalProperties": False,
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_600_000_000_000, "maximum": 4_000_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": 30,
                                    "uniqueItems": True,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": ["Seconds", "Count"]},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


@dataclass(frozen=True)
class Told:
    """What a worker that copied one snapshot told of itself."""

    text: str
    content_type: str
    lines: list[dict[str, Any]]

    @property
    def families(self) -> dict[str, Any]:
        return {family.name: family for family in text_string_to_metric_families(self.text)}

    def value(self, name: str, **labels: str) -> float:
        found = [
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) == 1, f"{name} {labels}: {found}\n{self.text}"
        return found[0]


def get(port: int, path: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("metrics")
    seed = {
        "queues": [
            {"account": ACCOUNT, "region": SOURCE, "name": "jobs-dead"},
            {"account": ACCOUNT, "region": SOURCE, "name": "jobs", "deadLetterQueue": "jobs-dead", "maxReceiveCount": 5},
        ],
        "instances": [{"account": ACCOUNT, "region": SOURCE, "id": "orders", "gib": 20}],
        "rules": [
            {
                "account": ACCOUNT, "region": SOURCE, "name": "snapshots", "queue": "jobs",
                "pattern": {"source": ["aws.rds"], "detail": {"EventID": ["RDS-EVENT-0042"]}},
            }  # fmt: skip
        ],
    }
    (folder / "seed.json").write_text(json.dumps(seed))
    arguments = ["--speed", "60", "--seed-data", str(folder / "seed.json")]
    port = free_port()
    with simulate(folder / "simulate", *arguments) as simulator:
        environment = clean_environment(
            AWS_ENDPOINT_URL=simulator.url,
            AWS_REGION=SOURCE,
            SNAPFERRY_QUEUE_URL=f"{simulator.url}/{ACCOUNT}/jobs",
            SNAPFERRY_SOURCE_REGIONS=SOURCE,
            SNAPFERRY_DESTINATIONS=DESTINATION,
            SNAPFERRY_LISTEN=f"127.0.0.1:{port}",
            SNAPFERRY_METRICS="emf",
            **simulator.cloud.keys.environment(),
        )
        clock = simulator.ready.group(0).split("clock=")[1]
        with running([BINARY, "work", "--clock", clock], environment, folder / "worker") as child:
            eventually(lambda: '"Working"' in child.stdout, within=60, what=child.tail)
            sqs = simulator.cloud.client("sqs", SOURCE)
            sqs.send_message(QueueUrl=f"{simulator.url}/{ACCOUNT}/jobs", MessageBody="nothing that anybody knows")
            simulator.cloud.client("rds", SOURCE).create_db_snapshot(
                DBSnapshotIdentifier="orders-1", DBInstanceIdentifier="orders"
            )
            eventually(lambda: "Copy confirmed" in child.stdout, within=90, what=child.tail)
            eventually(lambda: "Sent to the dead-letter queue" in child.stdout, within=30, what=child.tail)
            status, content_type, text = get(port, "/metrics")
            assert status == 200
            assert child.terminate(within=20) == 0, child.tail()
            lines = [json.loads(line) for line in child.stdout.splitlines()]
    yield Told(text, content_type, [line for line in lines if "_aws" in line])


def test_prometheus_parses_every_line(told: Told) -> None:
    assert told.content_type == "text/plain; version=0.0.4; charset=utf-8"
    samples = sum(len(family.samples) for family in told.families.values())
    assert samples == sum(not line.startswith("#") for line in told.text.splitlines() if line)
    for family in told.families.values():
        assert family.documentation, family.name
        assert family.type in ("counter", "gauge", "histogram"), family.name


def test_what_happened_is_what_is_told(told: Told) -> None:
    assert told.value("snapferry_ready") == 1
    assert told.value("snapferry_copies_total", outcome="confirmed") == 1
    assert told.value("snapferry_copies_total", outcome="dead-lettered") == 1
    assert told.value("snapferry_dead_letters_total", reason="malformed") == 1
    assert told.value("snapferry_copy_duration_seconds_count") == 1
    assert told.value("snapferry_copy_duration_seconds_sum") > 1
    assert told.value("snapferry_backlog_startable") == 0
    place = {"destination": f"{ACCOUNT}/{DESTINATION}", "kind": "instance"}
    assert told.value("snapferry_slots_limit", **place) == 20
    assert told.value("snapferry_slots", **place, holder="worker") == 0
    assert told.value("snapferry_aws_requests_total", service="rds", operation="CopyDBSnapshot", outcome="ok") == 1
    assert told.value("snapferry_aws_duration_seconds_count", service="rds", operation="CopyDBSnapshot") == 1
    assert told.value("snapferry_metrics_dropped_total", reason="unknown") == 0


def test_buckets_add_up(told: Told) -> None:
    for family in told.families.values():
        if family.type != "histogram":
            continue
        series: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
        counts = {}
        for sample in family.samples:
            labels = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
            if sample.name.endswith("_bucket"):
                series.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
            elif sample.name.endswith("_count"):
                counts[labels] = sample.value
        for labels, buckets in series.items():
            assert buckets == sorted(buckets), family.name
            assert [count for _, count in buckets] == sorted(count for _, count in buckets), family.name
            assert buckets[-1] == (float("inf"), counts[labels]), family.name


def test_cloudwatch_finds_metrics_in_the_log(told: Told) -> None:
    assert told.lines
    for line in told.lines:
        jsonschema.validate(line, EMBEDDED)
        assert len(json.dumps(line)) < 256 * 1024
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "snapferry"
            for dimensions in directive["Dimensions"]:
                assert all(isinstance(line[name], str) and 0 < len(line[name]) <= 1024 for name in dimensions)
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                values = values if isinstance(values, list) else [values]
                assert 1 <= len(values) <= 100
                assert all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def test_both_formats_tell_the_same(told: Told) -> None:
    confirmed = sum(line.get("snapferry.copies", 0) for line in told.lines if line.get("outcome") == "confirmed")
    assert confirmed == 1
    durations = [value for line in told.lines for value in line.get("snapferry.copy.duration", [])]
    assert durations == [pytest.approx(told.value("snapferry_copy_duration_seconds_sum"))]
    # No dimension tells workers apart, but a search can.
    assert len({line["worker"] for line in told.lines}) == 1
    assert any("snapferry.backlog.startable" in line and line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]] for line in told.lines)

# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""CloudWatch: what SQS tells it of its queues, by the query protocol, which alone is spoken here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import create_loader

from cloud import MODELS, Cloud, unique
from processes import eventually


def _date(answer: dict[str, Any]) -> datetime:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """botocore's own model, but for the protocols that botocore would rather speak."""
    model = json.loads(json.dumps(MODELS.load_service_model("cloudwatch", "service-2")))
    model["metadata"]["protocol"] = "query"
    del model["metadata"]["protocols"]
    target = tmp_path_factory.mktemp("models") / "cloudwatch" / "2010-08-01"
    target.mkdir(parents=True)
    (target / "service-2.json").write_text(json.dumps(model))
    loader = create_loader()
    loader.search_paths.insert(0, str(target.parents[1]))
    return loader


def test_a_queue_tells_how_old_its_oldest_message_is(fast_cloud: Cloud, models: Any) -> None:
    sqs, cloudwatch = fast_cloud.client("sqs"), fast_cloud.client("cloudwatch", models=models)
    name = unique("jobs")
    sent = sqs.send_message(QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"], MessageBody="x")
    began = _date(sent).replace(second=0, microsecond=0)

    def ask(metric: str) -> list[dict[str, Any]]:
        return cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS", MetricName=metric, Dimensions=[{"Name": "QueueName", "Value": name}],
            StartTime=began, EndTime=began + timedelta(days=1), Period=60, Statistics=["Maximum", "Average"],
        )["Datapoints"]

    [count] = ask("ApproximateNumberOfMessagesVisible")
    assert (count["Maximum"], count["Average"], count["Unit"]) == (1, 1, "Count")
    age = eventually(
        lambda: [point for point in ask("ApproximateAgeOfOldestMessage") if point["Maximum"] >= 60],
    )
    assert age[0]["Unit"] == "Seconds"
    assert age[0]["Timestamp"] >= began


def test_what_is_not_known_has_no_data(cloud: Cloud, models: Any) -> None:
    cloudwatch = cloud.client("cloudwatch", models=models)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/RDS", MetricName="CPUUtilization", StartTime="2026-11-21T00:00:00Z", EndTime="2026-11-21T01:00:00Z",
        Period=60, Statistics=["Average"],
    )
    assert (answer["Label"], answer["Datapoints"]) == ("CPUUtilization", [])
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS", MetricName="NumberOfMessagesSent", StartTime="2026-11-21T01:00:00Z",
            EndTime="2026-11-21T00:00:00Z", Period=60, Statistics=["Sum"],
        )
    with pytest.raises(ClientError, match="InvalidAction"):
        cloudwatch.list_dashboards()

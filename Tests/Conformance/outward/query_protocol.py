# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""botocore, made to speak to SQS as it did before 2023: the query protocol.

botocore's own serializer, parser and error mapping stay in use; only the service model is given back the names that the
query protocol had, which the JSON protocol no longer needs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader, create_loader

from cloud import MODELS

# What an element of each list is called.
LIST_MEMBERS = {
    "AttributeNameList": "AttributeName",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageSystemAttributeList": "AttributeName",
    "MessageList": "Message",
    "QueueUrlList": "QueueUrl",
    "TagKeyList": "TagKey",
    "StringList": "StringListValue",
    "BinaryList": "BinaryListValue",
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
}

# What a pair of each map is called, and its key.
MAPS = {
    "QueueAttributeMap": ("Attribute", "Name"),
    "MessageSystemAttributeMap": ("Attribute", "Name"),
    "MessageBodyAttributeMap": ("MessageAttribute", "Name"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name"),
    "TagMap": ("Tag", "Key"),
}

LEGACY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
}
PREFIXED = {
    "BatchEntryIdsNotDistinct",
    "BatchRequestTooLong",
    "EmptyBatchRequest",
    "InvalidBatchEntryId",
    "MessageNotInflight",
    "PurgeQueueInProgress",
    "QueueDeletedRecently",
    "TooManyEntriesInBatchRequest",
    "UnsupportedOperation",
}


def legacy_code(shape: str) -> str:
    """The code that the query protocol, and botocore in either, calls an error of SQS by."""
    return LEGACY_CODES.get(shape) or (f"AWS.SimpleQueueService.{shape}" if shape in PREFIXED else shape)


def query_model() -> dict[str, Any]:
    """The installed service model with the query protocol's names put back."""
    model: dict[str, Any] = json.loads(json.dumps(MODELS.load_service_model("sqs", "service-2")))
    metadata = model["metadata"]
    metadata["protocol"] = "query"
    metadata["xmlNamespace"] = "http://queue.amazonaws.com/doc/2012-11-05/"
    for name in ("protocols", "awsQueryCompatible", "jsonVersion", "targetPrefix"):
        metadata.pop(name, None)
    shapes = model["shapes"]
    for name, member in LIST_MEMBERS.items():
        shapes[name]["member"]["locationName"] = member
        shapes[name]["flattened"] = True
    for name, (pair, key) in MAPS.items():
        shapes[name] |= {"flattened": True, "locationName": pair}
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = "Value"
    for name, shape in shapes.items():
        for member in shape.get("members", {}).values():
            if member["shape"] in MAPS:
                member["locationName"] = MAPS[member["shape"]][0]
            member.pop("flattened", None)
        if shape.get("exception"):
            shape["error"] = {"code": legacy_code(name), "httpStatusCode": 400, "senderFault": True}
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
    return model


def query_models(directory: Path) -> Loader:
    """A loader that finds the query model of SQS first; the model is written to a directory."""
    target = directory / "sqs" / "2012-11-05"
    target.mkdir(parents=True, exist_ok=True)
    (target / "service-2.json").write_text(json.dumps(query_model()))
    models = create_loader()
    models.search_paths.insert(0, str(directory))
    return models

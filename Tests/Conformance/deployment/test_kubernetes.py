# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The manifests, put together as kustomize does it, against Kubernetes' own schemas and those of KEDA and Prometheus."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from processes import ROOT

FOLDER = ROOT / "docker" / "kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
VERSIONS = ["1.30", "1.34"]


def text(**more: Any) -> dict[str, Any]:
    return {"type": "string"} | more


def whole(**more: Any) -> dict[str, Any]:
    return {"type": "integer"} | more


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


# Custom resources have no schema in Kubernetes. These are the parts of the published definitions that the manifests use, written
# down by hand, because no registry of them can be reached from here: field by field, closed, so that a misspelt one fails.
SQS = closed(
    ["queueURL", "awsRegion"], queueURL=text(pattern="^https://sqs\\."), awsRegion=text(),
    queueLength=text(pattern=r"^\d+$"), activationQueueLength=text(pattern=r"^\d+$"),
    # Metadata are strings, also where they mean truth. KEDA's default counts messages that wait for quotas.
    scaleOnInFlight={"const": "false"}, scaleOnDelayed={"enum": ["true", "false"]},
)
PROMETHEUS = closed(
    ["serverAddress", "query", "threshold"], serverAddress=text(pattern="^https?://"), query=text(),
    threshold=text(pattern=r"^\d+$"), activationThreshold=text(), ignoreNullValues={"enum": ["true", "false"]},
)
METADATA = {"type": "object", "required": ["name", "namespace"]}
TRIGGER = {
    "oneOf": [
        closed(["type", "metadata"], type={"const": kind}, metadata=metadata, authenticationRef=closed(["name"], name=text()))
        for kind, metadata in (("aws-sqs-queue", SQS), ("prometheus", PROMETHEUS))
    ]
}
CUSTOM = {
    ("keda.sh/v1alpha1", "ScaledObject"): closed(
        ["scaleTargetRef", "triggers"], scaleTargetRef=closed(["name"], name=text(), kind=text(), apiVersion=text()),
        pollingInterval=whole(), cooldownPeriod=whole(), initialCooldownPeriod=whole(), minReplicaCount=whole(),
        maxReplicaCount=whole(), idleReplicaCount=whole(), triggers={"type": "array", "minItems": 1, "items": TRIGGER},
    ),
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed(
        ["podIdentity"], podIdentity=closed(["provider"], provider={"enum": ["aws"]}, roleArn=text(), identityOwner=text())
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): closed(
        ["selector", "endpoints"], selector=closed([], matchLabels={"type": "object"}),
        endpoints={"type": "array", "items": closed(["port"], port=text(), path=text(), interval=text(pattern=r"^\d+s$"))},
    ),
}


def documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def merge(value: Any, patch: Any) -> Any:
    """A strategic merge of the kind that the overlays use: objects member by member, all else replaced."""
    if not isinstance(value, dict) or not isinstance(patch, dict):
        return patch
    return value | {name: merge(value.get(name), each) for name, each in patch.items()}


def remove(resource: dict[str, Any], pointer: str) -> None:
    *parents, last = pointer.strip("/").split("/")
    for parent in parents:
        resource = resource[parent]
    del resource[last]


def built(folder: Path) -> list[dict[str, Any]]:
    """What `kustomize build` gives, for as much of it as these files use; anything else fails."""
    [kustomization] = documents(folder / "kustomization.yaml")
    known = {"apiVersion", "kind", "namespace", "resources", "labels", "patches"}
    assert set(kustomization) <= known, f"{folder} uses {set(kustomization) - known}"
    resources: list[dict[str, Any]] = []
    for name in kustomization["resources"]:
        path = (folder / name).resolve()
        resources += built(path) if path.is_dir() else documents(path)
    for labels in kustomization.get("labels", []):
        for resource in resources:
            resource["metadata"].setdefault("labels", {}).update(labels["pairs"])
    for patch in kustomization.get("patches", []):
        wanted = patch["target"]
        targets = [each for each in resources if each["kind"] == wanted["kind"] and each["metadata"]["name"] == wanted["name"]]
        assert len(targets) == 1, f"{folder}: {wanted} names {len(targets)} resources"
        change = yaml.safe_load(patch["patch"])
        if isinstance(change, list):
            for step in change:
                assert step["op"] == "remove"
                remove(targets[0], step["path"])
        else:
            targets[0].update(merge(copy.deepcopy(targets[0]), change))
    return resources


def of_kind(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in resources if each["kind"] == kind]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_manifests_are_what_kubernetes_takes(overlay: str, version: str) -> None:
    resources = built(FOLDER / "overlays" / overlay)
    names = [(each["kind"], each["metadata"]["name"]) for each in resources]
    assert len(set(names)) == len(names)
    for resource in resources:
        custom = CUSTOM.get((resource["apiVersion"], resource["kind"]))
        if custom:
            assert set(resource) == {"apiVersion", "kind", "metadata", "spec"}
            jsonschema.validate(resource["metadata"], METADATA)
            jsonschema.validate(resource["spec"], custom)
        else:
            kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_points_at_pods_finds_them(overlay: str) -> None:
    resources = built(FOLDER / "overlays" / overlay)
    [deployment] = of_kind(resources, "Deployment")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    selectors = [deployment["spec"]["selector"]["matchLabels"]]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in of_kind(resources, "PodDisruptionBudget")]
    selectors += [each["spec"]["podSelector"]["matchLabels"] for each in of_kind(resources, "NetworkPolicy")]
    selectors += [each["spec"]["selector"] for each in of_kind(resources, "Service")]
    assert all(selector.items() <= labels for selector in selectors)
    for monitor in of_kind(resources, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        assert any(wanted <= each["metadata"]["labels"].items() for each in of_kind(resources, "Service"))
    maps = {each["metadata"]["name"] for each in of_kind(resources, "ConfigMap")}
    [worker] = pod["spec"]["containers"]
    assert {each["configMapRef"]["name"] for each in worker["envFrom"]} <= maps
    assert {each["configMap"]["name"] for each in pod["spec"]["volumes"]} <= maps
    assert {each["metadata"]["namespace"] for each in resources if each["kind"] != "Namespace"} == {"snapferry"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_restricted(overlay: str) -> None:
    """What the restricted Pod Security Standard wants, which no schema checks."""
    [deployment] = of_kind(built(FOLDER / "overlays" / overlay), "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert all(set(volume) <= {"name", "configMap", "emptyDir", "projected"} for volume in pod["volumes"])
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
    # A drain takes ten seconds at most.
    assert pod["terminationGracePeriodSeconds"] > 10


def test_autoscaling_owns_the_number_of_workers() -> None:
    for overlay in OVERLAYS:
        resources = built(FOLDER / "overlays" / overlay)
        [deployment] = of_kind(resources, "Deployment")
        assert ("replicas" in deployment["spec"]) == (not of_kind(resources, "ScaledObject")), overlay


def test_the_settings_and_the_policy_are_ones_that_the_program_reads() -> None:
    settings, policy = (documents(FOLDER / "base" / name)[0]["data"] for name in ("settings.yaml", "policy.yaml"))
    known = (ROOT / "Sources/snapferry/Configuration/KnownVariables.swift").read_text()
    unknown = [name for name in settings if name.startswith("SNAPFERRY_") and f'"{name}"' not in known]
    assert not unknown
    assert json.loads(policy["policy.json"])["routes"]
    assert settings["SNAPFERRY_POLICY"].endswith("/policy.json")


def test_compose_is_read_only_small_and_local() -> None:
    [compose] = documents(ROOT / "docker" / "compose.yaml")
    services = compose["services"]
    assert {"aws", "worker-1", "worker-2", "dashboard"} == set(services)
    for name, service in services.items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert name == "aws" or service["mem_limit"] == "64m"
    seed = json.loads((ROOT / "docker" / "compose-seed.json").read_text())
    assert {each["name"] for each in seed["queues"]} == {"jobs", "jobs-dead"}

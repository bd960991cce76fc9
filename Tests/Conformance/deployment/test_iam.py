# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""What the templates grant, what the table says of it, and what the program calls."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from parliament import analyze_policy_string

from parameter_sets import CASES, IDS, SETS
from processes import ROOT
from templates import FOLDER, Stack

# Written by the end-to-end suite: command, role, service and operation, a line each.
ACTIONS = ROOT / "artifacts" / "test" / "actions-e2e.txt"

# Logical names of roles in the templates, as the table calls them.
ROLES = {
    ("snapferry", "TaskRole"): "TaskRole",
    ("snapferry", "ExecutionRole"): "ExecutionRole",
    ("snapferry", "OperatorPolicy"): "OperatorPolicy",
    ("snapferry", "OperatorRolesPolicy"): "OperatorPolicy",
    ("snapferry", "OperatorEncryptionPolicy"): "OperatorPolicy",
    ("destination", "Role"): "Destination",
    ("source-account", "Role"): "Source",
    ("source-account", "ForwardingRole"): "Forwarding",
}

# Operations whose action has another name.
SAME_AS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    # The writes that the program puts together are renewals.
    "TransactWriteItems": "UpdateItem",
}
FREE = {"sts:GetCallerIdentity"}

# Roles that the suite's accounts have.
SUITE_ROLES = {"dr": "Destination", "vault": "Destination", "source": "Source"}


@cache
def table() -> dict[tuple[str, str], set[str]]:
    """Who asks for an action, by role and action."""
    rows: dict[tuple[str, str], set[str]] = {}
    for line in (FOLDER / "iam.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and ":" in cells[1] and not set(cells[0]) <= set("-"):
            role, action, asked, place, why = cells
            assert place and why, line
            assert (role, action) not in rows, f"twice: {line}"
            rows[role, action] = set(asked.split(", "))
    return rows


def actions(statement: dict) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


@cache
def granted() -> dict[str, set[str]]:
    """What each role may do, with all that parameters can switch on."""
    found: dict[str, set[str]] = defaultdict(set)
    for template, name in CASES:
        for role, statements in Stack(template, SETS[template][name]).policies().items():
            for statement in statements:
                found[ROLES[template, role]] |= set(actions(statement))
    return found


# Services that IAM has another name for.
PREFIXES = {"monitoring": "cloudwatch"}


def called() -> dict[str, dict[str, set[str]]]:
    """The commands that were seen to call an action, by role and action."""
    if not ACTIONS.exists():
        pytest.skip(f"{ACTIONS.relative_to(ROOT)} is not there: run the end-to-end suite first (scripts/test does)")
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in ACTIONS.read_text().splitlines():
        command, role, call = line.split()
        service, operation = call.split(":")
        action = f"{PREFIXES.get(service, service)}:{SAME_AS.get(operation, operation)}"
        if role == "-" or action in FREE:
            # Nobody was let in, or nobody has to be.
            continue
        role = SUITE_ROLES.get(role) or ("TaskRole" if command == "work" else "OperatorPolicy")
        seen[role][action].add(command)
    return seen


# Made for `databaseTags` and by surveys of recovery points, which the workers of the suite leave out; and by whoever
# interrupts a move on a terminal.
SELDOM = {"rds:DescribeDBInstances", "rds:DescribeDBClusters", "sqs:CancelMessageMoveTask"}


def test_the_table_has_what_the_policies_grant_and_nothing_else() -> None:
    rows: dict[str, set[str]] = defaultdict(set)
    for role, action in table():
        rows[role].add(action)
    assert rows == granted()


def test_no_action_is_a_pattern() -> None:
    for role, every in granted().items():
        assert not [action for action in every if "*" in action], role


def test_what_the_program_calls_is_granted() -> None:
    missing = {
        (role, action): sorted(commands)
        for role, every in called().items()
        for action, commands in every.items()
        if action not in granted()[role]
    }
    assert not missing


def test_what_is_granted_is_called() -> None:
    """A grant that the program is said to need was seen: by this role, or by another that does the same elsewhere."""
    seen = called()
    anywhere = {action for every in seen.values() for action in every}
    unused = [
        (role, action)
        for (role, action), asked in table().items()
        if asked - {"AWS"} and action not in anywhere | SELDOM
    ]
    assert not unused
    # A grant that only AWS asks for is not one that the program needs as well.
    claimed = [
        (role, action)
        for (role, action), asked in table().items()
        if asked == {"AWS"} and action in seen.get(role, {})
    ]
    assert not claimed


def test_the_table_names_commands_that_were_seen() -> None:
    seen = called()
    anywhere: dict[str, set[str]] = defaultdict(set)
    for every in seen.values():
        for action, commands in every.items():
            anywhere[action] |= commands
    wrong = {
        (role, action): sorted(asked - anywhere[action] - {"AWS"})
        for (role, action), asked in table().items()
        if asked - anywhere[action] - {"AWS"} and action not in SELDOM
    }
    assert not wrong


# Copies and hops are all that may ever be deleted, and keys are for RDS.


@pytest.mark.parametrize(("template", "name"), CASES, ids=IDS)
def test_deleting_takes_our_tag_and_grants_are_for_rds(template: str, name: str) -> None:
    for role, statements in Stack(template, SETS[template][name]).policies().items():
        for statement in statements:
            condition = statement.get("Condition", {})
            if any(action.startswith("rds:Delete") for action in actions(statement)):
                tag = "snapferry:hop" if template == "source-account" else "snapferry:source"
                assert condition == {"Null": {f"aws:ResourceTag/{tag}": "false"}}, role
            if "kms:CreateGrant" in actions(statement):
                assert condition["Bool"] == {"kms:GrantIsForAWSResource": "true"}, role
                assert condition["StringLike"] == {"kms:ViaService": "rds.*.amazonaws.com"}, role
            if statement["Resource"] == "*":
                reads = re.compile(r"(rds:Describe|kms:DescribeKey|ecr:GetAuthorizationToken|cloudwatch:GetMetricStatistics)")
                assert all(reads.match(action) for action in actions(statement)), role


@pytest.mark.parametrize(("template", "name"), CASES, ids=IDS)
def test_no_condition_breaks_copies_across_regions(template: str, name: str) -> None:
    text = json.dumps(Stack(template, SETS[template][name]).policies())
    for key in ("aws:RequestedRegion", "aws:SourceVpc", "aws:ViaAWSService", "aws:SourceIp", "aws:CalledVia"):
        assert key.lower() not in text.lower()


# parliament knows actions, resources and conditions of every service; these are its findings that are none here.
ARGUED = {
    # The key's policy: `*` is the key itself, and its account's IAM decides.
    ("RESOURCE_STAR", "Key"), ("RESOURCE_STAR", "HopKey"),
    # Lists have no resource to name.
    ("RESOURCE_STAR", "TaskRole"), ("RESOURCE_STAR", "OperatorPolicy"), ("RESOURCE_STAR", "Role"),
    ("RESOURCE_STAR", "ExecutionRole"),
}


@pytest.mark.parametrize(("template", "name"), CASES, ids=IDS)
def test_the_linter_of_policies_finds_nothing(template: str, name: str) -> None:
    found = []
    stack = Stack(template, SETS[template][name])
    for role, statements in stack.policies().items():
        document = {"Version": "2012-10-17", "Statement": statements}
        for finding in analyze_policy_string(json.dumps(document)).findings:
            if (finding.issue, role) not in ARGUED:
                found.append((role, finding.issue, finding.detail, finding.location))
    assert not found


def test_no_role_has_a_managed_policy_of_aws() -> None:
    for path in Path(FOLDER).glob("*.yaml"):
        assert ":policy/service-role/" not in path.read_text()

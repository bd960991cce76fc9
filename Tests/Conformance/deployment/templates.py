# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""CloudFormation templates, and what becomes of them with given parameters."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from processes import ROOT

FOLDER = ROOT / "cloudformation"
NAMES = ["snapferry", "destination", "source-account"]

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": "111122223333",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "snapferry",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """Reads `!Ref`, `!Sub` and so on as the functions that they are short for."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def path(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


@cache
def template(name: str) -> dict[str, Any]:
    return yaml.load(path(name).read_text(), _Loader)


@dataclass
class Stack:
    """A template with parameters: what CloudFormation would make of it."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document = template(self.name)
        declared = self.document["Parameters"]
        unknown = set(self.parameters) - set(declared)
        assert not unknown, f"{self.name} has no parameters {unknown}"
        self.values: dict[str, Any] = {}
        for name, parameter in declared.items():
            value = self.parameters.get(name, parameter.get("Default"))
            assert value is not None, f"{self.name} needs {name}"
            if "AllowedValues" in parameter:
                assert str(value) in map(str, parameter["AllowedValues"]), f"{name}={value}"
            listed = parameter["Type"] == "CommaDelimitedList"
            values = str(value).split(",") if listed else [str(value)]
            for each in values:
                assert re.search(parameter.get("AllowedPattern", ""), each), f"{name}={each}"
            self.values[name] = values if listed else values[0]

    def holds(self, condition: str) -> bool:
        return self._test(self.document["Conditions"][condition])

    def _test(self, test: Any) -> bool:
        [(function, value)] = test.items()
        match function:
            case "Condition":
                return self.holds(value)
            case "Fn::Equals":
                first, second = (self.resolve(each) for each in value)
                return str(first) == str(second)
            case "Fn::Not":
                return not self._test(value[0])
            case "Fn::And":
                return all(self._test(each) for each in value)
            case "Fn::Or":
                return any(self._test(each) for each in value)
        raise AssertionError(f"no condition: {test}")

    def resolve(self, value: Any) -> Any:
        """The value with all functions worked out; a resource is called by its logical name."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return self._call(function[4:], argument)
        resolved = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in resolved.items() if each is not NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        return PSEUDO.get(name) or self._attribute(name, "Ref")

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self.document["Resources"][name]["Type"].split("::")
        service, resource = kind[1].lower(), kind[2].lower()
        if attribute in ("Arn", "Ref"):
            region = "" if service == "iam" else PSEUDO["AWS::Region"]
            separator = "" if service in ("sqs", "sns") else f"{resource.replace('eventbus', 'event-bus')}/"
            if resource == "loggroup" and attribute == "Arn":
                return f"arn:aws:logs:{region}:{PSEUDO['AWS::AccountId']}:log-group:{name}:*"
            arn = f"arn:aws:{service}:{region}:{PSEUDO['AWS::AccountId']}:{separator}{name}"
            return arn if attribute == "Arn" or service == "sns" else name
        return f"{name}.{attribute}"

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
            case "Sub":
                text, local = (argument, {}) if isinstance(argument, str) else argument
                values = {name: self.resolve(each) for name, each in local.items()}

                def replaced(match: re.Match[str]) -> str:
                    name = match[1]
                    if name in values:
                        return str(values[name])
                    if "." in name:
                        return self._attribute(*name.split(".", 1))
                    return str(self._ref(name))

                return re.sub(r"\$\{([^}]+)\}", replaced, text)
            case "GetAtt":
                return self._attribute(*argument)
            case "Join":
                separator, parts = argument
                return separator.join(map(str, self.resolve(parts)))
            case "Split":
                separator, text = argument
                return self.resolve(text).split(separator)
        raise AssertionError(f"no function: {function}")

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources whose conditions hold, worked out."""
        return {
            name: self.resolve({key: each for key, each in resource.items() if key != "Condition"})
            for name, resource in self.document["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {name: each for name, each in self.resources.items() if each["Type"] == kind}

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """The statements of each role and managed policy, by logical name; a policy by itself counts to its role."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            for policy in properties.get("Policies", []):
                found[name] += policy["PolicyDocument"]["Statement"]
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                found[name] += properties["PolicyDocument"]["Statement"]
            if resource["Type"] == "AWS::IAM::Policy":
                [role] = properties["Roles"]
                found[role] += properties["PolicyDocument"]["Statement"]
        return found

    def documents(self) -> dict[str, dict[str, Any]]:
        """Every policy document, trust and resource policies included, by where it stands."""
        found: dict[str, dict[str, Any]] = {}

        def walk(value: Any, where: str) -> None:
            if isinstance(value, dict):
                if "Statement" in value and "Version" in value:
                    found[where] = value
                for key, each in value.items():
                    walk(each, f"{where}.{key}")
            elif isinstance(value, list):
                for index, each in enumerate(value):
                    walk(each, f"{where}[{index}]")

        for name, resource in self.resources.items():
            walk(resource.get("Properties", {}), name)
        return found


def as_parameters(values: dict[str, str]) -> list[dict[str, str]]:
    """Parameters as CloudFormation and cfn-lint take them."""
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))

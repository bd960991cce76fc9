# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
"""The templates deployed into moto, whose CloudFormation nobody here wrote, and a worker that lives in the stack."""

from __future__ import annotations

import ast
import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud import EAST, IRELAND, Cloud, Keys, unique
from emulation import ACCOUNT, event, moto
from parameter_sets import IMAGE, SETS
from processes import BINARY, clean_environment, eventually, running
from templates import Stack, as_parameters, path

# What moto 5.2.5 leaves out without a word. Should it learn one of these, the test says so.
SKIPPED = {
    "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::CloudWatch::Alarm",
    "AWS::EC2::EIP", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::RouteTable", "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation", "AWS::Events::EventBusPolicy", "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """moto, which verifies signatures and what roles may do."""
    with moto(tmp_path_factory.mktemp("moto")) as cloud:
        yield cloud


class Deployed:
    """A stack in moto."""

    def __init__(self, cloud: Cloud, template: str, parameters: dict[str, str], region: str) -> None:
        self.name = unique(template)
        self.cloudformation = cloud.client("cloudformation", region)
        self.cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=path(template).read_text(),
            Parameters=as_parameters(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        [stack] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        resources = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        self.made = {each["LogicalResourceId"] for each in resources if each.get("LogicalResourceId")}
        self.wanted = Stack(template, parameters).resources

    def skipped(self) -> Counter[str]:
        return Counter(self.wanted[name]["Type"] for name in set(self.wanted) - self.made)

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)


@contextlib.contextmanager
def deployed(cloud: Cloud, template: str, parameters: dict[str, str], region: str) -> Iterator[Deployed]:
    stack = Deployed(cloud, template, parameters, region)
    try:
        yield stack
    finally:
        stack.delete()


@pytest.mark.parametrize(("template", "name"), [(template, name) for template in SETS for name in SETS[template]])
def test_the_stack_comes_up_with_each_set_of_parameters(
    cloud: Cloud, record_property: Any, capsys: pytest.CaptureFixture[str], template: str, name: str
) -> None:
    stack = Deployed(cloud, template, SETS[template][name], EAST)
    skipped = stack.skipped()
    assert set(skipped) <= SKIPPED, f"moto left out more than it is known to: {set(skipped) - SKIPPED}"
    told = ", ".join(f"{kind} ({number})" for kind, number in sorted(skipped.items())) or "nothing"
    record_property("left out by moto", told)
    with capsys.disabled():
        print(f"\n{template}, {name}: {len(stack.made)} resources made; moto left out {told}")
    if Stack(template, SETS[template][name]).of_type("AWS::EC2::VPC"):
        # moto deletes a VPC before the gateways in it, and refuses.
        return
    stack.delete()


def network(cloud: Cloud) -> dict[str, str]:
    ec2 = cloud.client("ec2", EAST)
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    return {"VpcId": vpc, "SubnetIds": subnet}


def container(cloud: Cloud, stack: Deployed) -> dict[str, Any]:
    ecs = cloud.client("ecs", EAST)
    services = ecs.describe_services(cluster=stack.outputs["ClusterName"], services=[stack.outputs["ServiceName"]])
    definition = services["services"][0]["taskDefinition"]
    [container] = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
    return container


def as_role(cloud: Cloud, arn: str) -> Keys:
    """Keys that may do what a role may, and nothing else: moto checks actions, though neither resources nor conditions."""
    iam, role, user = cloud.client("iam"), arn.split("/")[-1], unique("worker")
    iam.create_user(UserName=user)
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert names
    for name in names:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        # moto's CloudFormation stores the text of a Python object.
        document = ast.literal_eval(document) if isinstance(document, str) else document
        for statement in document["Statement"]:
            # Most of its services ask for the action alone, as if it were on everything.
            statement["Resource"] = "*"
            statement.pop("Condition", None)
            # Its batches ask for actions of their own, which IAM does not have.
            batched = {"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
            if not isinstance(statement["Action"], str):
                statement["Action"] += [f"{action}Batch" for action in statement["Action"] if action in batched]
        iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def test_an_event_becomes_a_copy_in_the_other_region_by_nothing_but_the_stack(cloud: Cloud, tmp_path: Path) -> None:
    """Up; an event of RDS, by the rule to the queue; the container's own variables and role; a copy; down."""
    with (
        deployed(cloud, "destination", {}, IRELAND) as destination,
        deployed(
            cloud, "snapferry",
            {"Image": IMAGE, "DestinationRegions": IRELAND, "DestinationKey": "alias/snapferry"} | network(cloud), EAST,
        ) as stack,
    ):
        assert set(stack.skipped()) <= SKIPPED and not destination.skipped()
        rds = cloud.client("rds", EAST)
        database = unique("orders")
        rds.create_db_instance(
            DBInstanceIdentifier=database, Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
            MasterUsername="admin1", MasterUserPassword="not-a-secret", StorageEncrypted=True,
        )
        [snapshot] = rds.describe_db_snapshots(DBInstanceIdentifier=database)["DBSnapshots"]
        told = event("RDS-EVENT-0091", snapshot["DBSnapshotArn"])

        worker = container(cloud, stack)
        assert worker["image"] == IMAGE and worker["readonlyRootFilesystem"] and worker["stopTimeout"] >= 11
        # moto leaves a gap where AWS leaves out what has no value.
        variables = {each["name"]: each["value"] for each in worker["environment"] if each}
        outputs = stack.outputs
        assert variables["SNAPFERRY_QUEUE_URL"] == outputs["QueueUrl"]
        assert variables["SNAPFERRY_DEAD_LETTER_QUEUE_URL"] == outputs["DeadLetterQueueUrl"]
        assert variables["SNAPFERRY_SLOT_TABLE"] == outputs["SlotTableName"]

        # The queue's URL names a host of AWS; the endpoint that is given instead has to win.
        keys = as_role(cloud, outputs["TaskRoleArn"])
        environment = clean_environment(
            AWS_ENDPOINT_URL=cloud.endpoint, AWS_REGION=EAST, **keys.environment(), **variables
        ) | {"SNAPFERRY_LISTEN": "off"}
        sqs, west = cloud.client("sqs", EAST), cloud.client("rds", IRELAND)

        def copies() -> list[dict[str, Any]]:
            return west.describe_db_snapshots(DBInstanceIdentifier=database)["DBSnapshots"]

        def depth(url: str) -> int:
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return sum(map(int, attributes.values()))

        with running([BINARY, *worker["command"]], environment, tmp_path) as child:

            def alive() -> None:
                assert child.process.poll() is None, f"exited with {child.process.returncode}\n{child.tail()}"

            put = cloud.client("events", EAST).put_events(
                Entries=[
                    {
                        "Source": told["source"], "DetailType": told["detail-type"],
                        "Detail": json.dumps(told["detail"]), "Resources": told["resources"],
                    }
                ]
            )
            assert put["FailedEntryCount"] == 0
            eventually(lambda: alive() or copies(), within=60, what=lambda: f"a copy\n{child.tail()}")
            eventually(
                lambda: alive() or depth(outputs["QueueUrl"]) == 0, within=60, what=lambda: f"an empty queue\n{child.tail()}"
            )
            assert child.terminate(within=10) == 0, child.tail()
        [copy] = copies()
        assert copy["Status"] == "available" and copy["Encrypted"]
        assert copy["KmsKeyId"] == destination.outputs["KeyArn"]
        assert {"Key": "snapferry:source", "Value": snapshot["DBSnapshotArn"]} in copy["TagList"]
        assert depth(outputs["DeadLetterQueueUrl"]) == 0
        # The slot that the copy had is free again.
        table = cloud.client("dynamodb", EAST).scan(TableName=outputs["SlotTableName"])
        assert not [item for item in table["Items"] if copy["DBSnapshotArn"] in json.dumps(item)]
    names = [each["StackName"] for each in cloud.client("cloudformation", EAST).list_stacks(
        StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]]
    assert stack.name not in names


def test_events_of_another_region_come_by_the_bus(cloud: Cloud) -> None:
    """source-account.yaml in another Region sends to the fleet's bus, whose rule leads to the queue."""
    parameters = {"Image": IMAGE, "DestinationRegions": IRELAND} | network(cloud)
    with deployed(cloud, "snapferry", parameters, EAST) as stack:
        bus = stack.outputs["EventBusArn"]
        with deployed(cloud, "source-account", {"FleetBusArn": bus}, EAST) as source:
            assert not source.skipped()
            told = event("RDS-EVENT-0042", f"arn:aws:rds:us-west-2:{ACCOUNT}:snapshot:orders-m")
            # moto has a bus send to others in its own Region alone; so this is what the far rule would have sent.
            cloud.client("events", EAST).put_events(
                Entries=[
                    {
                        "Source": told["source"], "DetailType": told["detail-type"], "EventBusName": bus,
                        "Detail": json.dumps(told["detail"]), "Resources": told["resources"],
                    }
                ]
            )
            sqs = cloud.client("sqs", EAST)
            messages = sqs.receive_message(QueueUrl=stack.outputs["QueueUrl"], WaitTimeSeconds=5).get("Messages", [])
            assert [json.loads(each["Body"])["detail"]["SourceArn"] for each in messages] == [told["resources"][0]]

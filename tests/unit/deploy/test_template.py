"""What the template promises about the functions: when they run, as what, and for how long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from poller import event
from support.template import resource, resources, template

FUNCTIONS = sorted(resources("AWS::Serverless::Function"))
POLLER_ARN = {
    "Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}"
    ":function:${AWS::StackName}-poller"
}
# A function in a VPC needs these of its role, on every resource.
NETWORK = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}
ONLY_DEATHS = {"requestContext": {"condition": ["RetriesExhausted"]}}


def statements(role: str) -> dict[str, dict[str, Any]]:
    """What `role` may do, by name."""
    (policy,) = resource(role)["Policies"]
    found = policy["PolicyDocument"]["Statement"]
    # Under a condition: as if it held.
    plain = [each["Fn::If"][1] if "Fn::If" in each else each for each in found]
    return {each["Sid"]: each for each in plain}


def allowed(role: str) -> set[str]:
    return {
        action
        for statement in statements(role).values()
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


def test_an_event_is_never_run_twice() -> None:
    config = resource("PollerFunction")["EventInvokeConfig"]

    assert config["MaximumRetryAttempts"] == 0
    assert config["MaximumEventAgeInSeconds"] == 60


def test_the_schedule_comes_every_minute_and_says_so() -> None:
    tick = resource("PollerFunction")["Events"]["Tick"]

    assert tick["Type"] == "Schedule"
    assert tick["Properties"]["Schedule"] == "rate(1 minute)"
    assert tick["Properties"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert event.read(json.loads(tick["Properties"]["Input"])).scheduled


def test_a_poller_that_died_wakes_the_next_and_is_kept() -> None:
    poller = resource("PollerFunction")
    topic = {"Ref": "FailureTopic"}
    kept = resource("DeadLetterSubscription")

    failure = poller["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert failure == {"Type": "SNS", "Destination": topic}
    assert poller["Events"]["Failure"] == {
        "Type": "SNS",
        "Properties": {
            "Topic": topic,
            "FilterPolicyScope": "MessageBody",
            "FilterPolicy": ONLY_DEATHS,
        },
    }
    assert (kept["TopicArn"], kept["FilterPolicy"]) == (topic, ONLY_DEATHS)
    assert kept["Endpoint"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


def test_pollers_are_held_to_their_number_where_the_account_can_spare_them() -> None:
    assert resource("PollerFunction")["ReservedConcurrentExecutions"] == {
        "Fn::If": ["Reserved", {"Ref": "MaxPollers"}, {"Ref": "AWS::NoValue"}]
    }


def test_the_waker_wakes_the_poller() -> None:
    name = template()["Globals"]["Function"]["Environment"]["Variables"]["POLLER_FUNCTION"]

    assert name == resource("PollerFunction")["FunctionName"]
    for role in ("ApiRole", "PollerRole"):
        assert statements(role)["WakePoller"]["Resource"] == POLLER_ARN


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_are_kept_for_a_limited_time(function: str) -> None:
    group = resource(resource(function)["LoggingConfig"]["LogGroup"]["Ref"])
    name = resource(function)["FunctionName"]["Fn::Sub"]

    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/{name}"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_what_the_layer_was_built_for(function: str) -> None:
    shared = template()["Globals"]["Function"]
    layer = resource("CommonLayer")

    assert shared["Layers"] == [{"Ref": "CommonLayer"}]
    assert layer["CompatibleRuntimes"] == [shared["Runtime"]] == [{"Ref": "PythonRuntime"}]
    assert layer["CompatibleArchitectures"] == shared["Architectures"]
    assert not {"Runtime", "Architectures", "Layers"} & resource(function).keys()


def test_the_roles_may_do_what_they_need_and_no_more() -> None:
    log = {"logs:CreateLogStream", "logs:PutLogEvents"}
    wake = {"lambda:InvokeFunction"}

    assert allowed("ApiRole") == log | wake | NETWORK | {"s3:GetObject", "s3:ListBucket"}
    assert allowed("PollerRole") == log | wake | NETWORK | {
        "s3:PutObject",
        "s3:GetObject",
        "s3:ListBucket",
        "sns:Publish",
        "events:PutEvents",
    }
    for role in ("ApiRole", "PollerRole"):
        assert "ManagedPolicyArns" not in resource(role)
        assert all("*" not in each for each in allowed(role))
        everywhere = [each for each in statements(role).values() if each["Resource"] == "*"]
        assert everywhere == [statements(role)["JoinNetwork"]]
        assert {*everywhere[0]["Action"]} == NETWORK
        (policy,) = resource(role)["Policies"]
        in_a_network = {"Fn::If": ["InVpc", *everywhere, {"Ref": "AWS::NoValue"}]}
        assert in_a_network in policy["PolicyDocument"]["Statement"]
    # The buckets of earlier deployments too: rows name them.
    earlier = "arn:${AWS::Partition}:s3:::${AWS::StackName}-bucket-*"
    assert statements("ApiRole")["LinkToExports"]["Resource"] == [
        {"Fn::Sub": "${Bucket.Arn}/output/*"},
        {"Fn::Sub": f"{earlier}/output/*"},
    ]
    assert statements("ApiRole")["SeeWhatIsMissing"]["Resource"] == [
        {"Fn::GetAtt": ["Bucket", "Arn"]},
        {"Fn::Sub": earlier},
    ]
    exports = statements("PollerRole")["WriteExports"]
    assert exports["Resource"] == {"Fn::Sub": "${Bucket.Arn}/output/*"}


def test_the_poller_may_put_events_on_the_bus_that_is_named_and_on_no_other() -> None:
    may = statements("PollerRole")["TellOfEnds"]
    (policy,) = resource("PollerRole")["Policies"]

    assert {"Fn::If": ["HasBus", may, {"Ref": "AWS::NoValue"}]} in policy["PolicyDocument"][
        "Statement"
    ]
    assert may["Action"] == "events:PutEvents"
    assert may["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
        ":event-bus/${EventBusName}"
    }
    assert template()["Conditions"]["HasBus"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "EventBusName"}, ""]}]
    }
    assert template()["Parameters"]["EventBusName"]["Default"] == ""


def test_the_bucket_is_closed_and_outlives_the_stack() -> None:
    bucket = resource("Bucket")

    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert "BucketEncryption" in bucket
    assert template()["Resources"]["Bucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_outputs_are_those_that_others_read() -> None:
    assert template()["Outputs"].keys() >= {
        "ApiId",
        "ApiUrl",
        "ApiFunctionName",
        "PollerFunctionName",
        "BucketName",
        "MirrorQueueUrl",
        "DeadLetterQueueUrl",
    }

"""The outputs of the last deployment, in a file that the other parts of the stack read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "outputs.json"


@dataclass(frozen=True)
class Outputs:
    """Names and URLs of the deployed stack; a path appended to `gateway_url` is a route's URL."""

    gateway_url: str
    bucket: str
    mirror_queue_url: str
    api_function: str
    poller_function: str

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """The outputs of the last deployment; None if there is none."""
        try:
            return cls(**json.loads((state / FILE).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @classmethod
    def look_up(
        cls, stack: str, client: Callable[[Any], Any], gateway_url: Callable[[str, str], str]
    ) -> Self:
        """Ask the engine for the outputs of the CloudFormation stack `stack`.

        `client` makes a client of a service, `gateway_url` the URL of an API's stage. Raises
        `ClientError` if the stack does not exist, `KeyError` if it lacks an output.
        """
        found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        made = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
        stages = client("apigateway").get_stages(restApiId=made["ApiId"])
        return cls(
            gateway_url=gateway_url(made["ApiId"], stages["item"][0]["stageName"]),
            bucket=made["BucketName"],
            mirror_queue_url=made["MirrorQueueUrl"],
            api_function=made["ApiFunctionName"],
            poller_function=made["PollerFunctionName"],
        )

    def write(self, state: Path) -> None:
        """Replace the file atomically."""
        draft = state / f"{FILE}.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / FILE)

    @staticmethod
    def forget(state: Path) -> None:
        """Remove the file: nothing is deployed."""
        (state / FILE).unlink(missing_ok=True)

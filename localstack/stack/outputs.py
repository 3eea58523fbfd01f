"""What the last deployment made, in a file that the other parts of the stack read."""

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
    """Names and URLs of the deployed stack. `gateway_url` is where plain paths are appended."""

    gateway_url: str
    bucket: str
    mirror_queue_url: str
    api_function: str
    poller_function: str

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """What the last deployment wrote; None before there was one."""
        try:
            return cls(**json.loads((state / FILE).read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    @classmethod
    def look_up(
        cls, stack: str, client: Callable[[Any], Any], gateway_url: Callable[[str, str], str]
    ) -> Self:
        """What is deployed as `stack`, asked of the engine itself.

        `client` makes a client of a service, `gateway_url` the address of an API's stage. Raises
        `ClientError` where nothing is deployed, `KeyError` where it is only half.
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
        """Replace the file at once, so that no reader sees half of it."""
        draft = state / f"{FILE}.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / FILE)

    @staticmethod
    def forget(state: Path) -> None:
        """Nothing is deployed any more."""
        (state / FILE).unlink(missing_ok=True)

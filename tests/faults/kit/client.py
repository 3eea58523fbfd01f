"""A process that submits one job as the API does, and prints its id once it is accepted."""

from __future__ import annotations

import json
import sys

from faults.kit.types import register
from jobs import bootstrap

if __name__ == "__main__":
    register()
    sys.stdout.write(str(bootstrap.api().submit(json.loads(sys.argv[1])).job.id))

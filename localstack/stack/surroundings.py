"""The variables that parts and tools get from the user's environment: only those they need."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

BASIC = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ")
TEXT_IS_UTF_8 = {"LANG": "C.UTF-8", "PYTHONUTF8": "1"}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
NO_PROXY = "NO_PROXY"
NETWORK = (
    *(name for upper in (*PROXIES, NO_PROXY) for name in (upper, upper.lower())),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "NETRC"),
)
INSTALLERS = ("UV", "PIP", "PYENV_ROOT")
OF_OUR_ENVIRONMENT = {"UV_PROJECT", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON"}
"""They choose the environment that runs this program; another project has its own."""
NEVER_PROXIED = ("localhost", LOOPBACK, "::1")
NO_AWS_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
"""For AWS clients of the engine: the user's profiles are for AWS."""
LIBPQ = "PG"
"""The beginning of the variables that change PostgreSQL's client library."""


def for_part(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a part that talks to other parts only; `given` is the user's."""
    given = os.environ if given is None else given
    return {**{name: given[name] for name in BASIC if name in given}, **TEXT_IS_UTF_8}


def for_download(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a tool that may download: with the user's proxies, indexes and caches."""
    given = os.environ if given is None else given
    kept = {name: given[name] for name in given if _is_for_download(name)}
    return {**for_part(given), **kept, **past_proxies(given)}


def _is_for_download(name: str) -> bool:
    if name in OF_OUR_ENVIRONMENT:
        return False
    return name in NETWORK or name in INSTALLERS or name.startswith(("UV_", "PIP_"))


def past_proxies(given: Mapping[str, str]) -> dict[str, str]:
    """The variables that keep requests to this machine from the user's proxies."""
    listed = given.get(NO_PROXY) or given.get(NO_PROXY.lower()) or ""
    names = [name.strip() for name in listed.split(",") if name.strip()]
    names += [name for name in NEVER_PROXIED if name not in names]
    return {NO_PROXY: ",".join(names), NO_PROXY.lower(): ",".join(names)}


def is_proxied(given: Mapping[str, str]) -> bool:
    """Whether the user has set a proxy."""
    return any(given.get(name) or given.get(name.lower()) for name in PROXIES)


def forget_defaults_of_libpq(environ: MutableMapping[str, str]) -> None:
    """Remove the variables with which every connection to a PostgreSQL would start.

    Functions do not have them: a URL must say all.
    """
    for name in [name for name in environ if name.startswith(LIBPQ)]:
        del environ[name]

"""The API's front door on localhost: plain paths, passed on to the emulated gateway."""

from __future__ import annotations

import argparse
import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

from stack.outputs import Outputs
from stack.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from multidict import CIMultiDictProxy

# Headers that belong to one connection (RFC 9110, 7.6.1), not to the message.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# What the gateway itself answers where no route matches: a template says what a client sees
# instead, which emulators do not read.
NO_ROUTE = "MissingAuthenticationTokenException"
SECONDS = ClientTimeout(total=60, sock_connect=2)

STATE = web.AppKey("state", Path)
SESSION = web.AppKey("session", ClientSession)


def application(state: Path) -> web.Application:
    """The proxy; `state` is the folder with what the last deployment made."""
    app = web.Application(client_max_size=0)
    app[STATE] = state
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", "/{path:.*}", _pass_on)
    return app


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        connector=TCPConnector(limit=0),
        timeout=SECONDS,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as session:
        app[SESSION] = session
        yield


async def _pass_on(request: web.Request) -> web.StreamResponse:
    outputs = Outputs.read(request.app[STATE])
    if outputs is None:
        return _problem(502, "Nothing is deployed yet: run `make deploy`.")
    try:
        async with request.app[SESSION].request(
            request.method,
            URL(outputs.gateway_url + request.raw_path, encoded=True),
            headers=_end_to_end(request.headers),
            data=request.content.iter_any() if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            if answer.headers.get("x-amzn-ErrorType") == NO_ROUTE:
                return _problem(404, f"There is no {request.method} {request.path}.")
            response = web.StreamResponse(
                status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers)
            )
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response
    except (ClientError, TimeoutError) as error:
        return _problem(502, f"The gateway does not answer: {error or type(error).__name__}.")


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP | named
    )


def _problem(status: int, detail: str) -> web.Response:
    return web.Response(
        status=status,
        content_type="application/problem+json",
        text=json.dumps(
            {
                "type": "about:blank",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": detail,
            }
        ),
    )


def main() -> None:
    """Serve until told to stop."""
    options = argparse.ArgumentParser(prog="stack.front", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--state", type=Path, required=True)
    chosen = options.parse_args()
    web.run_app(
        application(chosen.state),
        host=LOOPBACK,
        port=chosen.port,
        access_log_format='%s "%r" %b bytes %Tf s',
        print=None,
    )


if __name__ == "__main__":
    main()

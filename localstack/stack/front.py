"""The front: an HTTP proxy on localhost that passes plain paths on to the emulated gateway."""

from __future__ import annotations

import argparse
import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict
from yarl import URL

from stack.gateway_errors import (
    DEFAULT_4XX,
    HEADERS,
    NO_GATEWAY,
    NO_ROUTE,
    PROBLEM,
    TOO_MANY_POLLS,
    GatewayError,
    error_for,
    gateway_made,
    message_of,
)
from stack.outputs import Outputs
from stack.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientResponse
    from aiohttp.typedefs import Handler
    from multidict import CIMultiDictProxy

# Headers that belong to one connection (RFC 9110, 7.6.1), not to the message. Expect is among them
# because the front has answered it before it passes the request on.
HOP_BY_HOP = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
HOME_PAGE = "/docs"
"""Where a browser gets that opens the address of the API."""
TIMEOUT = ClientTimeout(total=60, sock_connect=2)
MAX_POLLS = 8
"""Requests that may wait for a change at once: to an emulator each is a process of its own."""
POLL_PACE_SECONDS = 0.5
"""Between two of them that come at the same time."""
_POLL = re.compile(r"/jobs/[^/?]*/events(?:\?|\Z)")

STATE = web.AppKey("state", Path)
SESSION = web.AppKey("session", ClientSession)
POLLS = web.AppKey("polls", set[int])
"""The ids of the requests that wait for a change."""


def application(state: Path) -> web.Application:
    """The proxy; `state` is the folder with the outputs of the last deployment."""
    app = web.Application(client_max_size=0, middlewares=[_as_problems, _bound_polls])
    app[STATE] = state
    app[POLLS] = set()
    app.cleanup_ctx.append(_session)
    app.router.add_route("*", r"/{path:[\s\S]*}", _pass_on)
    return app


async def _session(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        connector=TCPConnector(limit=0),
        timeout=TIMEOUT,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as session:
        app[SESSION] = session
        yield


@web.middleware
async def _as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what has no path, as CONNECT and `OPTIONS *`, with a problem document."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _problem(error_for(error.status, NO_ROUTE), "")


@web.middleware
async def _bound_polls(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 429 to a request that waits for a change beside `MAX_POLLS` others."""
    if not _POLL.match(_target(request)):
        return await handler(request)
    polls = request.app[POLLS]
    if len(polls) >= MAX_POLLS:
        refused = _problem(TOO_MANY_POLLS, f"{MAX_POLLS} requests wait for a change already.")
        refused.headers["Retry-After"] = "5"
        return refused
    polls.add(id(request))
    try:
        # Each may start a process: one after the other, so that other requests come in between.
        await asyncio.sleep(POLL_PACE_SECONDS * (len(polls) - 1))
        return await handler(request)
    finally:
        polls.discard(id(request))


def _is_browser(request: web.Request) -> bool:
    """Whether a person asks: programs do not name HTML first."""
    return request.headers.get("Accept", "").lstrip().lower().startswith("text/html")


async def _pass_on(request: web.Request) -> web.StreamResponse:
    if request.path_qs == "/" and request.method in {"GET", "HEAD"} and _is_browser(request):
        return web.Response(status=302, headers={"Location": HOME_PAGE, "Vary": "Accept"})
    outputs = Outputs.read(request.app[STATE])
    if outputs is None:
        return _problem(
            NO_GATEWAY,
            "Nothing is deployed: see `make status`, or run `make deploy`.",
        )
    if name := _unreadable_header(request):
        return _problem(DEFAULT_4XX, f"The header {name} is not UTF-8 text.")
    try:
        async with request.app[SESSION].request(
            request.method,
            URL(outputs.gateway_url + _target(request), encoded=True),
            headers=_end_to_end(request.headers),
            data=request.content.iter_any() if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            if gateway_made(answer.status, answer.content_type):
                error = error_for(answer.status, answer.headers.get("x-amzn-ErrorType"))
                return _problem(error, message_of(await answer.read()))
            return await _stream(request, answer)
    except (ClientError, TimeoutError) as failure:
        reason = failure or type(failure).__name__
        return _problem(NO_GATEWAY, f"The gateway does not answer: {reason}.")


def _unreadable_header(request: web.Request) -> str | None:
    """The name of a header with bytes that would be lost on the way; None if there is none."""
    for name, value in request.raw_headers:
        try:
            value.decode()
        except UnicodeDecodeError:
            return name.decode(errors="replace")
    return None


async def _stream(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers)
    )
    if request.method == "HEAD" and response.headers.get("Content-Length") == "0":
        # Emulators send the length of the empty body; the length for a GET is unknown here.
        del response.headers["Content-Length"]
    await response.prepare(request)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def _target(request: web.Request) -> str:
    """Path and query as they were sent; a client that uses the front as a proxy sends a URL."""
    if request.raw_path.startswith("/"):
        return request.raw_path
    return URL(request.raw_path, encoded=True).raw_path_qs


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP | named
    )


def _problem(error: GatewayError, message: str) -> web.Response:
    return web.Response(
        status=error.status,
        body=error.body(message).encode(),
        content_type=PROBLEM,
        headers=HEADERS,
    )


def _handle_error(
    handler: RequestHandler,
    request: web.BaseRequest,
    status: int = 500,
    exc: BaseException | None = None,
    message: str | None = None,
) -> web.StreamResponse:
    """Answer bytes that are no HTTP request with a problem document, as the gateway does."""
    del handler, request, exc, message
    error = error_for(status, None)
    response = _problem(error, "This is no HTTP request, or its line or headers are too long.")
    response.force_close()
    return response


def main() -> None:
    """Serve until a signal stops it."""
    options = argparse.ArgumentParser(prog="stack.front", description=__doc__)
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--state", type=Path, required=True)
    chosen = options.parse_args()
    serve(chosen.state, LOOPBACK, chosen.port)


def serve(state: Path, host: str, port: int) -> None:
    """Serve on `host`:`port` until a signal stops it."""
    # aiohttp has no setting for this answer.
    RequestHandler.handle_error = _handle_error  # type: ignore[method-assign,assignment]
    with suppress(web.GracefulExit):
        asyncio.run(_serve(application(state), host, port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(
        app,
        handle_signals=True,
        access_log_format='%s "%r" %b bytes %Tf s',
        # Pass a body on as it came, even if it is compressed.
        auto_decompress=False,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()

"""The API function: its routes. Each reads the request, asks a use case, shows the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api import answer, authorization, documents, overview, query, request
from api.entry import Entry
from api.http import problems
from jobs import bootstrap

if TYPE_CHECKING:
    from chalice.app import Response

app = Entry("sluice", configure_logs=False)

# `content_types`: judged by `request.envelope`, where there is a body to judge.


@app.route("/jobs", methods=["GET"], content_types=["*/*"])
@problems
def listing() -> Response:
    asked = query.listing(app.request)
    filters = replace(asked.filters, owner=authorization.caller(app.request).sees)
    page = bootstrap.api().list_jobs(
        filters, limit=asked.limit, cursor=asked.cursor, size=answer.size
    )
    return answer.listed(page)


@app.route("/jobs", methods=["POST"], content_types=["*/*"])
@problems
def submit() -> Response:
    key = request.idempotency_key(app.request)
    envelope = request.envelope(app.request)
    return answer.created(bootstrap.api().submit(envelope, key, _owner()))


@app.route("/jobs/batch", methods=["POST"], content_types=["*/*"])
@problems
def submit_many() -> Response:
    request.no_idempotency_key(app.request)
    envelopes = request.envelope(app.request)
    return answer.created_many(bootstrap.api().submit.many(envelopes, _owner()))


@app.route("/jobs/{id}", methods=["GET"], content_types=["*/*"])
@problems
def read(id: str) -> Response:
    look_up = bootstrap.api().read
    job = look_up(request.job_id(id))
    return answer.shown(job, look_up.waiting(job), query.includes(app.request))


@app.route("/jobs/{id}/result", methods=["GET"], content_types=["*/*"])
@problems
def result(id: str) -> Response:
    return answer.result(bootstrap.api().read.result(request.job_id(id)))


@app.route("/jobs/{id}/events", methods=["GET"], content_types=["*/*"])
@problems
def events(id: str) -> Response:
    api = bootstrap.api()
    asked = query.watching(app.request)
    job = api.long_poll(request.job_id(id), asked.since, asked.wait)
    return answer.shown(job, api.read.waiting(job), ())


@app.route("/jobs/{id}", methods=["DELETE"], content_types=["*/*"])
@problems
def cancel(id: str) -> Response:
    request.no_body(app.request)
    return answer.changed(bootstrap.api().control.cancel(request.job_id(id)))


@app.route("/jobs/{id}/retry", methods=["POST"], content_types=["*/*"])
@problems
def retry(id: str) -> Response:
    request.no_body(app.request)
    control = bootstrap.api().control
    return answer.changed(control.retry(request.job_id(id), app.request_id))


@app.route("/jobs/retry", methods=["POST"], content_types=["*/*"])
@problems
def retry_all() -> Response:
    request.no_body(app.request)
    asked = query.failures(app.request)
    control = bootstrap.api().control
    return answer.retried(control.retry_all(asked.type, asked.since, app.request_id))


@app.route("/queues/{name}/pause", methods=["POST"], content_types=["*/*"])
@problems
def pause(name: str) -> Response:
    request.no_body(app.request)
    return overview.queue(bootstrap.api().queues.pause(name))


@app.route("/queues/{name}/resume", methods=["POST"], content_types=["*/*"])
@problems
def resume(name: str) -> Response:
    request.no_body(app.request)
    return overview.queue(bootstrap.api().queues.resume(name))


@app.route("/stats", methods=["GET"], content_types=["*/*"])
@problems
def stats() -> Response:
    return overview.stats(bootstrap.api().stats())


@app.route("/health/live", methods=["GET"], content_types=["*/*"])
@problems
def live() -> Response:
    return overview.live()


@app.route("/health", methods=["GET"], content_types=["*/*"])
@problems
def health() -> Response:
    return overview.health(bootstrap.api().health())


@app.route("/openapi.json", methods=["GET"], content_types=["*/*"])
@problems
def openapi() -> Response:
    return documents.openapi()


@app.route("/docs", methods=["GET"], content_types=["*/*"])
@problems
def docs() -> Response:
    return documents.docs()


def _owner() -> str | None:
    return authorization.caller(app.request).owner

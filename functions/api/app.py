"""The API function: its views. Each reads the request, calls a use case, and shows the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api import auth, negotiation, query_params, reference, request, responses
from api.routing import Api
from jobs import bootstrap
from jobs.core.ports.api_keys import Scope
from jobs.core.read import Link

if TYPE_CHECKING:
    from chalice.app import Response

app = Api("sluice")


@app.route(
    "GET",
    "/jobs",
    scope=Scope.READ,
    query=(
        *("status", "type", "priority", "tag", "createdAfter", "createdBefore"),
        *("limit", "cursor"),
    ),
)
def list_jobs() -> Response:
    page_request = query_params.page_request(app.request)
    filters = replace(page_request.filters, owner=auth.caller(app.request).sees)
    page = bootstrap.api().list_jobs(
        filters, limit=page_request.limit, cursor=page_request.cursor, size=responses.size
    )
    return responses.page(page)


@app.route("POST", "/jobs", scope=Scope.SUBMIT)
def submit_job() -> Response:
    key = request.idempotency_key(app.request)
    body = request.json_body(app.request)
    return responses.accepted(bootstrap.api().submit(body, key, _owner()))


@app.route("POST", "/jobs/batch", scope=Scope.SUBMIT)
def submit_jobs() -> Response:
    request.refuse_idempotency_key(app.request)
    body = request.json_body(app.request)
    return responses.accepted_batch(bootstrap.api().submit.many(body, _owner()))


@app.route("GET", "/jobs/{id}", scope=Scope.READ, query=("include",))
def get_job(id: str) -> Response:
    read = bootstrap.api().read
    job = read(request.job_id(id))
    includes = query_params.includes(app.request)
    payload = read.payload(job.id) if "payload" in includes else None
    return responses.job(job, read.waiting(job), includes, payload)


@app.route("GET", "/jobs/{id}/result", scope=Scope.READ, produces=None)
def get_result(id: str) -> Response:
    found = bootstrap.api().read.result(request.job_id(id), head=app.is_head)
    if not isinstance(found, Link):
        # Where a link leads is for the client to accept or not.
        negotiation.check_accept(app.request.headers.get("accept"), negotiation.JSON)
    return responses.result(found)


@app.route("GET", "/jobs/{id}/events", scope=Scope.READ, query=("wait", "since"))
def poll_job(id: str) -> Response:
    api = bootstrap.api()
    poll = query_params.long_poll(app.request)
    admitted = auth.check_again(app.request, Scope.READ)
    job = api.long_poll(request.job_id(id), poll.since, poll.wait, admitted)
    return responses.job(job, api.read.waiting(job))


@app.route("DELETE", "/jobs/{id}", scope=Scope.SUBMIT)
def cancel_job(id: str) -> Response:
    request.refuse_body(app.request)
    return responses.changed_job(bootstrap.api().control.cancel(request.job_id(id)))


@app.route("POST", "/jobs/{id}/run", scope=Scope.SUBMIT)
def run_job(id: str) -> Response:
    request.refuse_body(app.request)
    return responses.changed_job(bootstrap.api().control.run(request.job_id(id)))


@app.route("POST", "/jobs/{id}/retry", scope=Scope.SUBMIT)
def retry_job(id: str) -> Response:
    request.refuse_body(app.request)
    control = bootstrap.api().control
    return responses.changed_job(control.retry(request.job_id(id), app.request_id))


@app.route("POST", "/jobs/retry", scope=Scope.ADMIN, query=("type", "since"))
def retry_jobs() -> Response:
    request.refuse_body(app.request)
    failed = query_params.failed_jobs(app.request)
    control = bootstrap.api().control
    return responses.retried(control.retry_all(failed.type, failed.since, app.request_id))


@app.route("POST", "/queues/{name}/pause", scope=Scope.ADMIN)
def pause_queue(name: str) -> Response:
    request.refuse_body(app.request)
    return responses.queue(bootstrap.api().queues.pause(name))


@app.route("POST", "/queues/{name}/resume", scope=Scope.ADMIN)
def resume_queue(name: str) -> Response:
    request.refuse_body(app.request)
    return responses.queue(bootstrap.api().queues.resume(name))


@app.route("GET", "/stats", scope=Scope.ADMIN)
def stats() -> Response:
    return responses.stats(bootstrap.api().stats())


@app.route("GET", "/health/live", open=True)
def live() -> Response:
    return responses.live()


@app.route("GET", "/health", open=True)
def health() -> Response:
    return responses.health(bootstrap.api().health())


@app.route("GET", "/openapi.json", open=True)
def openapi() -> Response:
    return reference.openapi()


@app.route("GET", "/docs", open=True, produces="text/html")
def docs() -> Response:
    return reference.docs()


def _owner() -> str | None:
    return auth.caller(app.request).owner

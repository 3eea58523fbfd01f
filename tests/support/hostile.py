"""Requests that no well-meaning client sends, each with the statuses that may answer it."""

from __future__ import annotations

import gzip
import json
from typing import NamedTuple
from uuid import uuid4

JSON = "application/json"
GOOD = {"type": "CSV_EXPORT", "payload": {"data": [{"n": 1}]}}


class Request(NamedTuple):
    """`name` tells it apart; `headers` may replace the usual ones."""

    name: str
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]
    statuses: frozenset[int]


def _request(
    name: str,
    method: str,
    path: str,
    *statuses: int,
    body: bytes | None = None,
    **headers: str,
) -> Request:
    usual = {"Content-Type": JSON} if body is not None else {}
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Request(name, method, path, body, usual | named, frozenset(statuses))


def _text(payload: object, **more: object) -> bytes:
    return json.dumps(GOOD | {"payload": payload} | more).encode()


# As in JSONTestSuite: n_ is not JSON, i_ is JSON that parsers differ on or that nobody can keep.
NOT_JSON: dict[str, bytes] = {
    "n_empty": b"",
    "n_blank": b" \t\r\n",
    "n_brace": b"{",
    "n_bracket": b"[",
    "n_no_end": b'{"type": "CSV_EXPORT"',
    "n_comma_at_the_end": b'{"a": 1,}',
    "n_comma_first": b'{,"a": 1}',
    "n_two_commas": b'{"a": 1,,"b": 2}',
    "n_no_colon": b'{"a" 1}',
    "n_two_colons": b'{"a":: 1}',
    "n_single_quotes": b"{'a': 1}",
    "n_no_quotes": b"{a: 1}",
    "n_two_values": b"{} {}",
    "n_text_behind": b"{}x",
    "n_comment": b'{"a": 1 /* no */}',
    "n_comment_line": b'{"a": 1} // no',
    "n_nan": b'{"a": NaN}',
    "n_infinity": b'{"a": Infinity}',
    "n_minus_infinity": b'{"a": -Infinity}',
    "n_leading_zero": b'{"a": 01}',
    "n_plus": b'{"a": +1}',
    "n_dot_first": b'{"a": .5}',
    "n_dot_last": b'{"a": 1.}',
    "n_hex": b'{"a": 0x1}',
    "n_exponent": b'{"a": 1e}',
    "n_minus": b'{"a": -}',
    "n_true": b'{"a": True}',
    "n_none": b'{"a": None}',
    "n_undefined": b'{"a": undefined}',
    "n_escape": rb'{"a": "\x00"}',
    "n_escape_a": rb'{"a": "\a"}',
    "n_short_escape": rb'{"a": "\u00"}',
    "n_raw_newline": b'{"a": "\n"}',
    "n_raw_tab": b'{"a": "\t"}',
    "n_raw_null": b'{"a": "\x00"}',
    "n_null_outside": b"\x00{}",
    "n_no_break_space": b'{\xc2\xa0"a": 1}',
    "n_not_utf8": b'{"type":"CSV_EXPORT","payload":{"a":"\xff"}}',
    "n_overlong": b'{"type":"CSV_EXPORT","payload":{"a":"\xc0\xaf"}}',
    "n_cut_off": b'{"type":"CSV_EXPORT","payload":{"a":"\xe2\x82"}}',
    "n_surrogate_in_utf8": b'{"type":"CSV_EXPORT","payload":{"a":"\xed\xa0\x80"}}',
    "n_utf16": json.dumps(GOOD).encode("utf-16"),
    "n_utf32": json.dumps(GOOD).encode("utf-32"),
    "n_gzip": gzip.compress(json.dumps(GOOD).encode()),
    "n_deep_list": b"[" * 100_000,
    "n_deep_object": b'{"a":' * 100_000,
    "n_deep_and_closed": b"[" * 101 + b"]" * 101,
    "n_xml": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "n_form": b"type=CSV_EXPORT&payload=%7B%7D",
    "n_pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "i_null_character": _text({"a": "\0"}),
    "i_null_in_name": _text({"\0": 1}),
    "i_lone_surrogate": _text({"a": "\ud800"}),
    "i_lone_low_surrogate": _text({"\udc00": 1}),
    "i_swapped_surrogates": rb'{"type":"CSV_EXPORT","payload":{"a":"\udc00\ud800"}}',
    "i_huge_float": b'{"type":"CSV_EXPORT","payload":{"a":1e400}}',
    "i_minus_huge_float": b'{"type":"CSV_EXPORT","payload":{"a":-1e999999}}',
    "i_vanishing_float": b'{"type":"CSV_EXPORT","payload":{"a":1e-400}}',
    "i_rounded_float": b'{"type":"CSV_EXPORT","payload":{"a":9007199254740993.5}}',
    "i_long_integer": b'{"type":"CSV_EXPORT","payload":{"a":' + b"1" * 5000 + b"}}",
    "i_member_twice": b'{"type":"CSV_EXPORT","type":"EMAIL_SEND","payload":{}}',
    "i_payload_twice": b'{"type":"CSV_EXPORT","payload":{},"payload":{}}',
    "i_inner_member_twice": b'{"type":"CSV_EXPORT","payload":{"a":1,"a":2}}',
}

NOT_A_JOB: dict[str, object] = {
    "null": None,
    "list": [],
    "string": "{}",
    "number": 7,
    "true": True,
    "empty": {},
    "no_payload": {"type": "CSV_EXPORT"},
    "no_type": {"payload": {}},
    "type_null": GOOD | {"type": None},
    "type_list": GOOD | {"type": ["CSV_EXPORT"]},
    "type_object": GOOD | {"type": {"$ne": ""}},
    "type_lower": GOOD | {"type": "csv_export"},
    "type_blank": GOOD | {"type": " CSV_EXPORT"},
    "type_long": GOOD | {"type": "x" * 100_000},
    "type_sql": GOOD | {"type": "'; DROP TABLE jobs; --"},
    "type_internal": GOOD | {"type": "CALLBACK"},
    "type_dunder": GOOD | {"type": "__class__"},
    "payload_null": GOOD | {"payload": None},
    "payload_list": GOOD | {"payload": [1]},
    "payload_text": GOOD | {"payload": "{}"},
    "priority_null": GOOD | {"priority": None},
    "priority_other": GOOD | {"priority": "urgent"},
    "priority_number": GOOD | {"priority": 1},
    "attempts_zero": GOOD | {"maxAttempts": 0},
    "attempts_many": GOOD | {"maxAttempts": 10**30},
    "attempts_text": GOOD | {"maxAttempts": "3"},
    "attempts_true": GOOD | {"maxAttempts": True},
    "attempts_half": GOOD | {"maxAttempts": 1.5},
    "unknown_member": GOOD | {"priorty": "high"},
    "proto": GOOD | {"__proto__": {"isAdmin": True}},
    "id_of_ones_own": GOOD | {"id": str(uuid4())},
    "status_of_ones_own": GOOD | {"status": "completed"},
    "owner_of_ones_own": GOOD | {"owner": "root"},
    "many_members": GOOD | {f"m{n}": n for n in range(10_000)},
}

ODD_BUT_TAKEN: dict[str, bytes] = {
    "byte_order_mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "blanks_around": b" \r\n" + json.dumps(GOOD).encode() + b"\t\n",
    "escaped_pair": rb'{"type":"CSV_EXPORT","payload":{"a":"\ud83d\ude00"}}',
    "no_characters": _text({"a": "\ufffe\uffff\u2028"}),
    "deepest": _text(json.loads("[" * 96 + "]" * 96) and {"a": json.loads("[" * 95 + "]" * 95)}),
    "wide": _text({"data": [{"a": 1}] * 20_000}),
    "many_columns": _text({"data": [{f"c{n}": n for n in range(5_000)}]}),
    "empty_names": _text({"": {"": ""}}),
    "wrong_for_its_type": _text({"data": "invalid"}),
    "formula": _text({"data": [{"=1+1": "=1+1"}]}),
    "largest_integer": _text({"a": 10**4000}),
}

PATHS = (
    "/",
    "//",
    "/job",
    "/jobs/",
    "//jobs",
    "/Jobs",
    "/JOBS",
    "/jobs/../jobs",
    "/jobs/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/jobs/a/b/c",
    "/jobs%00",
    "/.env",
    "/.git/config",
    "/admin",
    "/favicon.ico",
    "/v1/jobs",
    "/health/",
    "/health/deep",
    "/docs/",
    "/openapi.yaml",
    "/_user_request_/jobs",
    "/restapis",
    "/%ff",
    "/" + "a" * 4_000,
    "/jobs;a=b",
)

IDS = (
    "7",
    "-1",
    "0",
    "null",
    "undefined",
    "NaN",
    "*",
    "%00",
    "%0d%0aX-Injected:%201",
    "%F0%9F%98%80",
    "%ff%fe",
    "'%20OR%20'1'='1",
    "1%3BDROP%20TABLE%20jobs",
    "..%2f..%2fhealth",
    "%7B123e4567-e89b-12d3-a456-426614174000%7D",
    "urn:uuid:123e4567-e89b-12d3-a456-426614174000",
    "123e4567e89b12d3a456426614174000",
    "123e4567-e89b-12d3-a456-42661417400g",
    "123e4567-e89b-12d3-a456-426614174000-",
    "%E2%80%AE123e4567-e89b-12d3-a456-426614174000",
    "x" * 2_000,
    "$%7Bjndi:ldap:%2f%2f127.0.0.1%2fa%7D",
    "%7B%7B7*7%7D%7D",
    "123e4567-e89b-12d3-a456-426614174000",
)

QUEUES = ("low", "HIGH", "high%00", "high%20", "%ff%fe", "..%2fhigh", "*", "x" * 2_000)

TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/jsonp",
    "application/json-patch+json",
    "text/json",
    "application",
    "/",
    ";",
    "application/json, text/plain",
    "x" * 4_000,
    "application/x-python-pickle",
)

_MANY = {f"X-{n}": "y" * 50 for n in range(60)}
# A gateway may take /jobs/ for /jobs.
_OF_PATHS = (200, 400, 404)
_JOB = f"/jobs/{uuid4()}"
_QUERIES = ("?", "?a", "?include=", "?include=secrets", "?include=attempts&include=x", "?%00=%00")

REQUESTS: tuple[Request, ...] = (
    *(_request(name, "POST", "/jobs", 400, body=body) for name, body in NOT_JSON.items()),
    *(
        _request(f"job_{name}", "POST", "/jobs", 400, body=json.dumps(value).encode())
        for name, value in NOT_A_JOB.items()
    ),
    *(_request(f"odd_{name}", "POST", "/jobs", 201, body=b) for name, b in ODD_BUT_TAKEN.items()),
    *(_request(f"queue_{name[:40]}", "POST", f"/queues/{name}/pause", 400, 404) for name in QUEUES),
    *(
        _request(f"queue_by_{method}", method, "/queues/high/pause", 405)
        for method in ("PUT", "PATCH", "DELETE")
    ),
    *(_request(f"path_{path[:40]}", "GET", path, *_OF_PATHS) for path in PATHS),
    *(_request(f"id_{job_id[:40]}", "GET", f"/jobs/{job_id}", 400, 404) for job_id in IDS),
    *(
        _request(f"type_{name[:40]}", "POST", "/jobs", 415, body=b"{", Content_Type=name)
        for name in TYPES
    ),
    *(
        _request(f"method_{method}_{path}", method, path, 405)
        for path in ("/jobs/batch", "/health", "/docs")
        for method in ("PUT", "PATCH", "DELETE")
    ),
    # No gateway has routes for this method; one may pass it on all the same.
    *(_request(f"method_TRACE_{path}", "TRACE", path, 404, 405) for path in ("/jobs", "/docs")),
    *(_request(f"query_{query}", "GET", f"{_JOB}{query}", 400, 404) for query in _QUERIES),
    *(
        _request(f"unknown_parameter_{method}_{path}", method, f"{path}?%3Cx%3E=1&x", status)
        for method, path, status in (
            ("GET", "/health", 200),
            ("GET", "/docs", 200),
            ("GET", "/stats", 400),
            ("GET", f"{_JOB}/result", 400),
            ("DELETE", _JOB, 400),
            ("POST", "/jobs/retry", 400),
        )
    ),
    *(
        _request(f"unheeded_body_{method}_{path}", method, path, 400, body=b'{"type": "NONE"}')
        for method, path in (("DELETE", _JOB), ("POST", "/jobs/retry"), ("POST", f"{_JOB}/retry"))
    ),
    _request("since_nothing", "GET", f"{_JOB}/events?since=nonsense", 400),
    *(
        _request(f"accept_{accept[:30]}", "GET", "/health", 200, 406, Accept=accept)
        for accept in ("image/png", ";;;,,,", "*/*;q=0", "a/b," * 1_000, "application/json;q=x")
    ),
    _request("too_large", "POST", "/jobs", 413, body=b"x" * (5 * 2**20 + 1)),
    _request("gzip", "POST", "/jobs", 415, body=gzip.compress(b"{}"), Content_Encoding="gzip"),
    _request("no_gzip", "POST", "/jobs", 415, body=b"\x1f\x8b", Content_Encoding="gzip"),
    _request("no_brotli", "POST", "/jobs", 415, body=b"\x1f\x8b", Content_Encoding="br"),
    _request("charset_said", "POST", "/jobs", 400, body=b"{", Content_Type=f"{JSON}; charset=x"),
    Request("many_headers", "GET", "/health", None, _MANY, frozenset({200})),
    _request("forwarded", "GET", "/health", 200, X_Forwarded_For="127.0.0.1", Host="evil.example"),
    _request("overridden", "POST", "/jobs", 400, body=b"{", X_HTTP_Method_Override="DELETE"),
    _request("authorized", "GET", _JOB, 404, Authorization="Basic Og=="),
    _request("cookie", "GET", "/health", 200, Cookie="a=" + "b" * 4_000),
    _request("range", "GET", "/docs", 200, Range="bytes=0-99999999999"),
    _request("if_none_match", "GET", "/openapi.json", 200, 304, If_None_Match="*"),
    _request("expect", "POST", "/jobs", 400, 417, body=b"{", Expect="100-continue"),
)

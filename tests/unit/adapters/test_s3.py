"""Links to exports are signed here, without asking S3."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.adapters.s3 import Links, connect
from jobs.core.errors import ConfigurationError


def test_a_link_is_for_one_object_and_a_short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    url = urlsplit(Links(connect, "exports").link("output/7.csv", seconds=300))
    assert (url.netloc, url.path) == ("127.0.0.1:4566", "/exports/output/7.csv")
    query = parse_qs(url.query)
    assert query["response-content-disposition"] == ['attachment; filename="7.csv"']
    assert "hunter2" not in url.query
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]


def test_without_a_bucket_there_are_no_links() -> None:
    with pytest.raises(ConfigurationError, match="BUCKET is not set"):
        Links(connect, "").link("output/7.csv", seconds=300)

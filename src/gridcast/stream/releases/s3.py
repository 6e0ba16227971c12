"""Artifacts in S3, or in a store with its API.

Address and credentials come from the usual environment variables: AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; on a cloud's machines from their role.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from gridcast.models.serving.selection import UnfitError
from gridcast.schemas import Unfit

CONNECT_WITHIN_S, ANSWER_WITHIN_S = 5, 60
RETRY_WITHIN = timedelta(seconds=10)


def from_s3(url: str, check_size: Callable[[int], None]) -> bytes:
    """Return an object; if that fails, an :class:`UnfitError` says why."""
    parts = urlsplit(url)
    bucket, key = parts.netloc, unquote(parts.path).lstrip("/")
    if not bucket or not key:
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: an object's URL is s3://bucket/its/key")
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - an extra
        from obstore.store import S3Store  # noqa: PLC0415
    except ModuleNotFoundError:
        why = 'S3 needs an extra: pip install "gridcast[s3]"'
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: {why}") from None
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT") or ""
    try:
        store = S3Store(
            bucket,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": f"{CONNECT_WITHIN_S}s",
                "timeout": f"{ANSWER_WITHIN_S}s",
            },
            # The caller retries for longer.
            retry_config={"max_retries": 2, "retry_timeout": RETRY_WITHIN},
        )
        stored = store.get(key)
        check_size(stored.meta["size"])
        return bytes(stored.bytes())
    except (BaseError, OSError) as error:
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: {_line(error)}") from None


def _line(error: Exception) -> str:
    """Return the error's first line, without the body of the response."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line.partition(": <?xml")[0][:200]

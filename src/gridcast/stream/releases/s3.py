"""Artifacts in S3, or in what speaks like it.

Where it is and who asks is the usual environment's: AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; on a cloud's machines the role that
they have.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from gridcast.models.serving.needs import UnfitError
from gridcast.schemas import Unfit

CONNECT_WITHIN_S, ANSWER_WITHIN_S = 5, 60
RETRY_WITHIN = timedelta(seconds=10)


def from_s3(url: str, check_size: Callable[[int], None]) -> bytes:
    """Fetch an object; an :class:`UnfitError` says why it cannot be had."""
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
            # Who waits longer is whoever asked.
            retry_config={"max_retries": 2, "retry_timeout": RETRY_WITHIN},
        )
        found = store.get(key)
        check_size(found.meta["size"])
        return bytes(found.bytes())
    except (BaseError, OSError) as error:
        raise UnfitError(Unfit.UNREACHABLE, f"{url}: {_line(error)}") from None


def _line(error: Exception) -> str:
    """Give the first line without the answer's own page behind it."""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return said.partition(": <?xml")[0][:200]

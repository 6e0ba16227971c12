"""A server that speaks S3, over real HTTP."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from moto.server import ThreadedMotoServer


@contextmanager
def s3_server(bucket: str) -> Iterator[str]:
    """Run one with a bucket; the environment says where it is, as it would on a site."""
    from obstore.store import S3Store  # noqa: F401, PLC0415 - fails here if the extra is missing

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_REGION": "us-east-1",
    }
    try:
        with patch.dict(os.environ, variables):
            make_bucket(variables["AWS_ENDPOINT_URL"], bucket)
            yield variables["AWS_ENDPOINT_URL"]
    finally:
        server.stop()


def make_bucket(endpoint: str, bucket: str) -> None:
    """Make a bucket, which obstore cannot."""
    import boto3  # noqa: PLC0415

    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)


def put(bucket: str, key: str, data: bytes) -> str:
    """Store an object; gives its URL."""
    from obstore.store import S3Store  # noqa: PLC0415

    S3Store(bucket, client_options={"allow_http": True}).put(key, data)
    return f"s3://{bucket}/{key}"

"""Responses of the gateway's HTTP endpoints, and the error that becomes one."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from gridcast.gateway.screen import ALWAYS_ASK, File

TEXT, JSON, CSV = "text/plain; charset=utf-8", "application/json", "text/csv; charset=utf-8"
NEVER_KEPT = "no-store"
PACKED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
}
"""Security headers of every response."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One HTTP response."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """A request that is answered with an error status and one line of text."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def error_response(error: HttpError) -> HttpResponse:
    """Return the response of an error."""
    headers = {"Cache-Control": NEVER_KEPT}
    if error.status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return HttpResponse(error.status, f"{error.text}\n".encode(), headers=headers)


def text_response(text: str) -> HttpResponse:
    """Return one line of plain text that no cache keeps."""
    return HttpResponse(HTTPStatus.OK, f"{text}\n".encode(), headers={"Cache-Control": NEVER_KEPT})


def data_response(body: bytes, content_type: str) -> HttpResponse:
    """Return data that a cache must revalidate before each use."""
    return HttpResponse(HTTPStatus.OK, body, content_type, {"Cache-Control": ALWAYS_ASK})


def packed_response(body: bytes, content_type: str) -> HttpResponse:
    """Return data that is gzipped already."""
    return HttpResponse(HTTPStatus.OK, body, content_type, {"Cache-Control": ALWAYS_ASK} | PACKED)


def csv_response(text: str, name: str) -> HttpResponse:
    """Return CSV as a download with the file name `name`.csv."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    headers = {"Cache-Control": ALWAYS_ASK} | disposition
    return HttpResponse(HTTPStatus.OK, text.encode(), CSV, headers)


def file_response(file: File, *, takes_gzip: bool) -> HttpResponse:
    """Return a file of the screen, gzipped if the client accepts that and the build has it."""
    headers = {"Cache-Control": file.cache, "Vary": "Accept-Encoding"}
    if takes_gzip and file.packed is not None:
        return HttpResponse(HTTPStatus.OK, file.packed, file.content_type, headers | PACKED)
    return HttpResponse(HTTPStatus.OK, file.body, file.content_type, headers)


def is_packed(response: HttpResponse) -> bool:
    """Return True if the response's body is gzipped."""
    return PACKED.items() <= response.headers.items()


def unpacked(response: HttpResponse) -> HttpResponse:
    """Return a gzipped response uncompressed."""
    headers = dict(response.headers)
    del headers["Content-Encoding"]
    return replace(response, body=gzip.decompress(response.body), headers=headers)


def deprecated(response: HttpResponse, since: str, successor: str) -> HttpResponse:
    """Return the response marked as deprecated (RFC 9745), with a link to the successor.

    Parameters
    ----------
    response
        The response of the deprecated address.
    since
        When it was deprecated, as a structured date: `@` and seconds since 1970.
    successor
        The new address, relative to the deprecated one.
    """
    headers = {"Deprecation": since, "Link": f'<{successor}>; rel="successor-version"'}
    return replace(response, headers=dict(response.headers) | headers)


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Return True if the client accepts gzip."""
    return "gzip" in headers.get("Accept-Encoding", "")

"""The gateway's port: WebSockets at /v1, everything else plain HTTP."""

import logging
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from gridcast.gateway.access.gate import is_loopback
from gridcast.gateway.conversations import Conversations
from gridcast.gateway.http import SOCKET_PATH, HttpEndpoints
from gridcast.gateway.http_response import SAFE, HttpResponse
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import Format
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

LOG = logging.getLogger("gridcast.gateway")
MOST_BYTES = 256 * 1024
"""Maximum size of a client's message. The largest subscribes to a thousand series by name."""
OPEN_WITHIN_S = 10.0
PING_EVERY_S = 20.0
SEND_BUFFER = 128 * 1024
"""The system's send buffer per client. By default it grows to 4 MB, and a client that reads nothing
would be noticed late."""
CLOSE_WITHIN_S = 3.0
# A window of 2 KiB and little memory: 8 KB per client instead of 300 KB.
DEFLATE = ServerPerMessageDeflateFactory(
    server_max_window_bits=11,
    client_max_window_bits=11,
    compress_settings={"memLevel": 4, "level": 3},
)


class Connection(ServerConnection):
    """A client's connection. It may be lost while it is being closed."""

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection; do nothing if it is lost already."""
        try:
            await super().close(code, reason)
        except AttributeError:
            # websockets aborts the transport to be sure. asyncio fails to abort a transport that
            # was closed with unsent data, has sent it since, and is gone.
            if not self.connection_lost_waiter.done():
                raise


class GatewayServer:
    """The port on which the gateway listens.

    Parameters
    ----------
    settings
        The deployment's settings.
    conversations
        Handle WebSocket connections.
    endpoints
        Answer plain HTTP.
    metrics
        Count refused requests.
    """

    def __init__(
        self,
        settings: Settings,
        conversations: Conversations,
        endpoints: HttpEndpoints,
        metrics: GatewayMetrics,
    ) -> None:
        self._settings = settings
        self._conversations = conversations
        self._endpoints = endpoints
        self._metrics = metrics
        self._tls = _tls(settings)
        self._server: Server | None = None

    @property
    def address(self) -> str:
        """The URL on which it listens; empty before `open`."""
        if self._server is None:
            return ""
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._tls else 'http'}://{shown}:{port}"

    async def open(self) -> None:
        """Start to listen."""
        settings = self._settings
        try:
            self._server = await serve(
                self._conversations.serve,
                settings.gateway_host,
                settings.gateway_port,
                ssl=self._tls,
                create_connection=Connection,
                subprotocols=[Subprotocol(form.value) for form in Format],
                # Off, because each client would need its own compressor (up to 300 KB), every
                # message would be compressed once per client, and no frame could be shared.
                # Browsers always offer it, so a client must ask for it: /v1?deflate=1.
                compression=None,
                process_request=self._request,
                max_size=MOST_BYTES,
                max_queue=4,
                open_timeout=OPEN_WITHIN_S,
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_EVERY_S,
                close_timeout=CLOSE_WITHIN_S,
                server_header=None,
                backlog=4_096,
                logger=logging.getLogger("gridcast.gateway.websockets"),
            )
        except OSError as error:
            raise UserError(
                f"the gateway cannot listen on {settings.gateway_host}:{settings.gateway_port}: "
                f"{error.strerror or error} (gateway_host, gateway_port)"
            ) from None
        for listener in self._server.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    async def close(self) -> None:
        """Stop listening, and ask all clients to reconnect to another gateway."""
        if self._server is not None:
            self._server.close(code=1012, reason="the gateway stops; connect again and resume")
            await self._server.wait_closed()

    async def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        try:
            headers, url = _unique_headers(request.headers), urlsplit(request.path)
        except ValueError as error:
            return self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        refusal = self._why_refused(url.path, headers)
        if refusal is not None:
            return self._refuse(*refusal)
        if url.path != SOCKET_PATH:
            return _response(
                await self._endpoints.answer(request.method, request.path, headers),
                with_body=request.method != "HEAD",
            )
        if parse_qs(url.query).get("deflate", ["0"])[-1] == "1":
            connection.protocol.available_extensions = [DEFLATE]
        return None

    def _why_refused(self, path: str, headers: Mapping[str, str]) -> tuple[HTTPStatus, str] | None:
        """Return why a request is refused before it is handled; None if it is not."""
        host, origin = headers.get("Host", ""), headers.get("Origin")
        if self._settings.gateway_access == "open" and not is_loopback(_host_name(host)):
            # A page of another site whose name resolves to this machine (DNS rebinding).
            return HTTPStatus.FORBIDDEN, "an open gateway is for this machine only"
        if path != SOCKET_PATH:
            return None
        if "Upgrade" not in headers:
            return HTTPStatus.UPGRADE_REQUIRED, "this is a WebSocket: gridcast.v1"
        if origin is not None and not self._is_allowed_origin(origin, host):
            return HTTPStatus.FORBIDDEN, "endpoints of that site may not connect (gateway_origins)"
        if len(self._conversations) >= self._settings.gateway_connections:
            return (
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many connections to this gateway (gateway_connections)",
            )
        return None

    def _is_allowed_origin(self, origin: str, host: str) -> bool:
        return origin in self._settings.gateway_origins or urlsplit(origin).netloc == host

    def _refuse(self, status: HTTPStatus, text: str) -> Response:
        self._metrics.refused(status.phrase.lower().replace(" ", "-"))
        return _response(HttpResponse(status, f"{text}\n".encode()))


def _unique_headers(headers: Headers) -> dict[str, str]:
    """Return the headers by name. Raise ValueError if a header is given twice that must not be."""
    for name in ("Host", "Origin", "Authorization"):
        if len(headers.get_all(name)) > 1:
            raise ValueError(f"{name} is given twice")
    return {name.title(): value for name, value in headers.raw_items()}


def _host_name(host: str) -> str:
    """Return the host name of a Host header.

    >>> _host_name("localhost:8750"), _host_name("[::1]:8750")
    ('localhost', '::1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _response(answer: HttpResponse, *, with_body: bool = True) -> Response:
    headers = Headers(SAFE | {"Content-Type": answer.content_type} | dict(answer.headers))
    headers["Content-Length"] = str(len(answer.body))
    headers["Connection"] = "close"
    return Response(
        answer.status.value, answer.status.phrase, headers, answer.body if with_body else b""
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    certificate = settings.gateway_tls_certificate_file
    if certificate is None:
        return None
    key = settings.gateway_tls_key_file or certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise UserError(
            f"gateway_tls_certificate_file {certificate} with the key in {key} cannot be used: "
            f"{error.strerror or error}"
        ) from None
    return context

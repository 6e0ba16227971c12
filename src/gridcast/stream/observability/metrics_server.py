"""The HTTP server for Prometheus and Kubernetes: /metrics, /healthz and /readyz.

It runs in threads of its own, so that slow or many clients don't hold up the event loop.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from socket import AF_INET6
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, disable_created_metrics, make_wsgi_app

from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

LOG = logging.getLogger("gridcast.metrics")
ALIVE_WITHIN_S = 5.0
"""An event loop that does not answer within this time is stuck."""
SILENT_S = 10.0
"""A client that connects and sends no request for so long is disconnected."""
OK, UNAVAILABLE, NOT_FOUND = "200 OK", "503 Service Unavailable", "404 Not Found"


def metrics_served(
    settings: Settings,
    registry: CollectorRegistry,
    loop: asyncio.AbstractEventLoop,
    why_not_ready: Callable[[], str],
) -> AbstractContextManager[object]:
    """Return a server at the address of the settings; a null context if they name no port."""
    if not settings.metrics_port:
        return nullcontext()
    host, port = settings.metrics_host, settings.metrics_port
    return MetricsServer(registry, host, port, loop, why_not_ready)


class MetricsServer:
    """A metrics server, as a context manager.

    Parameters
    ----------
    registry
        The metrics.
    host, port
        Where to listen; port 0 takes a free one.
    loop
        The worker's event loop; the worker is alive if it answers.
    why_not_ready
        Returns what is missing before the worker is ready, or an empty text. It is called in
        another thread.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        host: str,
        port: int,
        loop: asyncio.AbstractEventLoop,
        why_not_ready: Callable[[], str],
    ) -> None:
        # Nobody needs the creation times of counters, which would double the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._loop = loop
        self._why_not_ready = why_not_ready
        self._metrics: Application = make_wsgi_app(registry)
        try:
            kind = _Server6 if ":" in host else _Server
            self._server = make_server(host, port, self._answer, kind, _Handler)
        except (OSError, OverflowError) as error:
            raise UserError(
                f"metrics cannot be served on {host}:{port}: {error} (metrics_host, metrics_port)"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics")
        self._thread.daemon = True

    @property
    def address(self) -> str:
        """The host and port that it listens on."""
        host, port = self._server.server_address[:2]
        return (
            f"[{host!s}]:{port}" if self._server.address_family == AF_INET6 else f"{host!s}:{port}"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        LOG.info("metrics at http://%s/metrics", self.address)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return self._metrics(environ, start_response)
        status, text = NOT_FOUND, "there are /metrics, /healthz and /readyz"
        if path == "/healthz":
            status, text = _health("alive", self._why_not_alive())
        elif path == "/readyz":
            status, text = _health("ready", self._why_not_alive() or self._why_not_ready())
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{text}\n".encode()]

    def _why_not_alive(self) -> str:
        answered = threading.Event()
        try:
            self._loop.call_soon_threadsafe(answered.set)
        except RuntimeError:
            return "stopped"
        if answered.wait(ALIVE_WITHIN_S):
            return ""
        return f"the event loop has not answered for {ALIVE_WITHIN_S:.0f} s"


def _health(good: str, why_not: str) -> tuple[str, str]:
    return (UNAVAILABLE, why_not) if why_not else (OK, good)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False  # otherwise an idle client would keep the worker from stopping
    allow_reuse_address = True


class _Server6(_Server):
    address_family = AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = SILENT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: it would be a line per request."""

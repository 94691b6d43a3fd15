"""Short forms of endpoints, Nexus commands and the calls of a Nexus worker, for scenarios."""

from commands import _command


def worker_target(queue="nq~", namespace="default"):
    return {"worker": {"namespace": namespace, "task_queue": queue}}


def spec(name="ep~", target=None, **fields):
    return {"name": name, "target": target or worker_target(), **fields}


def endpoint(t, name="ep~", **fields):
    """Creates an endpoint, unrecorded; the scenario has to remove it."""
    return t.quiet("CreateNexusEndpoint", spec=spec(name, **fields)).endpoint


def remove(t, endpoint):
    t.quiet("DeleteNexusEndpoint", id=endpoint.id, version=endpoint.version)


class Several:
    """Endpoints with a queue each, so that operations that are scheduled at once are handled in a known order."""

    def __init__(self, t, count):
        self.t, self.made = t, [endpoint(t, f"ep{n}~", target=worker_target(f"nq{n}~")) for n in range(count)]

    def commands(self, **fields):
        return [schedule(endpoint=f"ep{n}~", **fields) for n in range(len(self.made))]

    def tasks(self):
        """Takes the task of each operation, in the order in which they were scheduled."""
        return (poll(self.t, f"nq{n}~") for n in range(len(self.made)))

    def remove(self):
        for each in self.made:
            remove(self.t, each)


def schedule(service="service", operation="operation", endpoint="ep~", **fields):
    metadata = {key: fields.pop(key) for key in ("user_metadata",) if key in fields}
    fields.setdefault("input", "in")
    return _command("SCHEDULE_NEXUS_OPERATION", "schedule_nexus_operation", {
        "endpoint": endpoint, "service": service, "operation": operation, **fields}, **metadata)


def cancel_operation(scheduled_event_id=5):
    return _command("REQUEST_CANCEL_NEXUS_OPERATION", "request_cancel_nexus_operation",
                    {"scheduled_event_id": scheduled_event_id})


def begin_poll(t, queue="nq~", **fields):
    return t.begin("PollNexusTaskQueue", **{"task_queue": queue, "identity": "handler", **fields})


def poll(t, queue="nq~", **fields):
    """Takes a Nexus task; its absence ends the scenario."""
    return t.take(begin_poll(t, queue, **fields))


def answer(t, task, **response):
    return t.call("RespondNexusTaskCompleted", task_token=task.task_token, identity="handler", response=response)


def succeed(t, task, result="out", **fields):
    return answer(t, task, start_operation={"sync_success": {"payload": result, **fields}})


def start_async(t, task, token="token~", **fields):
    return answer(t, task, start_operation={"async_success": {"operation_token": token, **fields}})


def operation_fails(t, task, failure):
    return answer(t, task, start_operation={"failure": failure})


def acknowledge_cancel(t, task):
    return answer(t, task, cancel_operation={})


def handler_fails(t, task, failure):
    return t.call("RespondNexusTaskFailed", task_token=task.task_token, identity="handler", failure=failure)


def handler_error(t, task, kind="INTERNAL", text="boom", **fields):
    """The form of workers that know no failures of Temporal."""
    return t.call("RespondNexusTaskFailed", task_token=task.task_token, identity="handler",
                  error={"error_type": kind, "failure": {"message": text}, **fields})

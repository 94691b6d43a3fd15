"""Short forms of the workflow commands, for scenarios."""


def activity(activity_id="a", **fields):
    fields.setdefault("start_to_close_timeout", 10)
    return _command("SCHEDULE_ACTIVITY_TASK", "schedule_activity_task", {
        "activity_id": activity_id, "activity_type": "act", "task_queue": "q~", "input": "in", **fields})


def cancel_activity(scheduled_event_id):
    return _command("REQUEST_CANCEL_ACTIVITY_TASK", "request_cancel_activity_task",
                    {"scheduled_event_id": scheduled_event_id})


def timer(timer_id="t", seconds=60, **fields):
    return _command("START_TIMER", "start_timer", {"timer_id": timer_id, "start_to_fire_timeout": seconds}, **fields)


def cancel_timer(timer_id="t"):
    return _command("CANCEL_TIMER", "cancel_timer", {"timer_id": timer_id})


def complete(result="result", **fields):
    return _command("COMPLETE_WORKFLOW_EXECUTION", "complete_workflow_execution", {"result": result}, **fields)


def fail(failure="boom"):
    return _command("FAIL_WORKFLOW_EXECUTION", "fail_workflow_execution", {"failure": failure})


def cancel_workflow(details="bye"):
    return _command("CANCEL_WORKFLOW_EXECUTION", "cancel_workflow_execution", {"details": details})


def continue_as_new(**fields):
    return _command("CONTINUE_AS_NEW_WORKFLOW_EXECUTION", "continue_as_new_workflow_execution", {
        "workflow_type": "type", "task_queue": "q~", "input": "again", **fields})


def marker(name="m", **fields):
    return _command("RECORD_MARKER", "record_marker", {"marker_name": name, **fields})


def child(workflow_id="child~", **fields):
    return _command("START_CHILD_WORKFLOW_EXECUTION", "start_child_workflow_execution", {
        "workflow_id": workflow_id, "workflow_type": "child", "task_queue": "cq~", "input": "in",
        "control": "ctl", **fields})


def signal_external(workflow_id="other~", name="s", run_id="", **fields):
    return _command("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION", "signal_external_workflow_execution", {
        "execution": (workflow_id, run_id), "signal_name": name, "input": "in", "control": "ctl", **fields})


def cancel_external(workflow_id="other~", run_id="", **fields):
    return _command("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION", "request_cancel_external_workflow_execution", {
        "workflow_id": workflow_id, "run_id": run_id, "control": "ctl", **fields})


def upsert(search_attributes):
    return _command("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", "upsert_workflow_search_attributes",
                    {"search_attributes": search_attributes})


def modify_memo(memo):
    return _command("MODIFY_WORKFLOW_PROPERTIES", "modify_workflow_properties", {"upserted_memo": memo})


def message(message_id):
    return _command("PROTOCOL_MESSAGE", "protocol_message", {"message_id": message_id})


def bare(kind, attributes=None, value=None):
    """A command of any kind, also one that does not fit its attributes."""
    return {"command_type": kind, **({f"{attributes}_command_attributes": value} if attributes else {})}


def _command(kind, attributes, value, **fields):
    return {"command_type": kind, f"{attributes}_command_attributes": value, **fields}

"""Worker deployments for scenarios: versioned polls, and waiting for what the reference tells late."""

import time

def version(build, deployment="dep~"):
    """A version of a deployment."""
    return {"deployment_name": deployment, "build_id": build}


def options(build, deployment="dep~", mode="VERSIONED"):
    """What a worker of a version sends with its polls and answers."""
    return {**version(build, deployment), "worker_versioning_mode": mode}


def pinned(build, deployment="dep~"):
    """An override that pins a run to a version."""
    return {"pinned": {"behavior": "PINNED", "version": version(build, deployment)}}


def one_time(build, deployment="dep~"):
    """An override that leads a run to a version once."""
    return {"one_time": {"target_deployment_version": version(build, deployment)}}


AUTO = {"auto_upgrade": True}


def registered(t, build, deployment="dep~", queue="q~", kind="WORKFLOW"):
    """Has a worker of a version poll a queue for a moment, and waits until the version is known with that queue.

    Nothing is recorded, because a poll that waits for a task may get one or not."""
    method = "PollWorkflowTaskQueue" if kind == "WORKFLOW" else "PollActivityTaskQueue"
    poll = t.begin(method, task_queue=queue, identity="worker", deployment_options=options(build, deployment))
    name = queue.replace("~", t.unique)
    t.until("DescribeWorkerDeploymentVersion",
            lambda answer: any(info.name == name and info.type == {"WORKFLOW": 1, "ACTIVITY": 2}[kind]
                               for info in answer.version_task_queues),
            deployment_version=version(build, deployment))
    t.until("DescribeWorkerDeployment", lambda answer: any(
        summary.deployment_version.build_id == build and summary.status != 6
        for summary in answer.worker_deployment_info.version_summaries),
        deployment_name=deployment)
    poll.future.cancel()


def set_current(t, build, deployment="dep~", **fields):
    """Makes a version the current one, and waits until everybody knows."""
    answer = t.call("SetWorkerDeploymentCurrentVersion", deployment_name=deployment, build_id=build,
                    identity="client", **fields)
    routed(t, deployment)
    return answer


def set_ramping(t, build, percentage, deployment="dep~", **fields):
    """Makes a version the ramping one, and waits until everybody knows."""
    answer = t.call("SetWorkerDeploymentRampingVersion", deployment_name=deployment, build_id=build,
                    percentage=percentage, identity="client", **fields)
    routed(t, deployment)
    return answer


def statuses(t, wanted, deployment="dep~"):
    """Waits until the versions of a deployment have these statuses, by build."""
    names = {"INACTIVE": 1, "CURRENT": 2, "RAMPING": 3, "DRAINING": 4, "DRAINED": 5, "CREATED": 6}
    want = {build: names[status] for build, status in wanted.items()}
    t.until("DescribeWorkerDeployment", lambda answer: {
        summary.deployment_version.build_id: summary.status
        for summary in answer.worker_deployment_info.version_summaries} == want, deployment_name=deployment)
    t.note(f"versions are {wanted}")


def routed(t, deployment="dep~"):
    """Waits until a change of routing has reached every queue."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = t._wait(t.begin("DescribeWorkerDeployment", deployment_name=deployment))
        if not answer or answer.worker_deployment_info.routing_config_update_state != 1:
            return
        time.sleep(0.02)


def describe_deployment(t, deployment="dep~"):
    """Records a description. Of the drainage of a version that takes new work the reference tells times now and then."""
    routed(t, deployment)
    answer = t._wait(t.begin("DescribeWorkerDeployment", deployment_name=deployment))
    if not answer:
        return t.call("DescribeWorkerDeployment", deployment_name=deployment)
    for summary in answer.worker_deployment_info.version_summaries:
        if not summary.drainage_info.status:
            summary.ClearField("drainage_info")
    t.block(f"= deployment {t.normaliser.text(deployment.replace('~', t.unique))}", t.normaliser.lines(answer))
    return answer


def describe_queue(t, queue="q~", kind="WORKFLOW"):
    """Records what the description of a queue tells of versions."""
    answer = t.quiet("DescribeTaskQueue", task_queue=queue, task_queue_type=kind)
    t.block(f"= versions of queue {t.normaliser.text(queue.replace('~', t.unique))}", t.normaliser.lines(answer.versioning_info))


def history(t, workflow_id="wf~"):
    """Records a history. How long a run waits for its first task depends on how long the one before had taken."""
    events, token = [], b""
    while True:
        page = t.quiet("GetWorkflowExecutionHistory", execution=workflow_id, next_page_token=token)
        events += page.history.events
        token = page.next_page_token
        if not token:
            break
    for event in events:
        event.workflow_execution_started_event_attributes.ClearField("first_workflow_task_backoff") \
            if event.event_type == 1 else None
    t.block(f"= history of {t.normaliser.text(workflow_id)}",
            [line for event in events for line in t.normaliser.event(event)])


def describe_version(t, build, deployment="dep~", **fields):
    return t.call("DescribeWorkerDeploymentVersion", deployment_version=version(build, deployment), **fields)


def poll_of(t, build, queue="q~", deployment="dep~", **fields):
    """Takes a workflow task as a worker of a version."""
    return t.poll(queue, deployment_options=options(build, deployment), **fields)


def tasks_of(t, build, count, queue="q~"):
    """Takes so many workflow tasks, unrecorded, in the order of their workflows' ids: for tasks that come in any order,
    as a child's first one and the one that tells its parent of its start."""
    poll = {"task_queue": queue, "identity": "worker", "deployment_options": options(build)}
    tasks = [t.quiet("PollWorkflowTaskQueue", **poll) for _ in range(count)]
    return sorted(tasks, key=lambda task: task.workflow_execution.workflow_id)


def child_started(t, workflow_id="child~"):
    """Waits until the parent knows of its child, and the child has its first workflow task."""
    t.wait_event("ChildWorkflowExecutionStarted")
    t.until("DescribeWorkflowExecution", lambda answer: answer.workflow_execution_info.history_length >= 2,
            execution=workflow_id)


def complete_as(t, task, build, behavior, *commands, deployment="dep~", **fields):
    """Completes a workflow task as a worker of a version."""
    return t.complete(task, *commands, deployment_options=options(build, deployment),
                      versioning_behavior=behavior, **fields)


def versioning(t, workflow_id="wf~", run_id=""):
    """Records what a run's description tells of its versions."""
    answer = t.until("DescribeWorkflowExecution", lambda answer: True, execution=(workflow_id, run_id))
    info = answer.workflow_execution_info
    lines = t.normaliser.lines(info.versioning_info)
    attributes = info.search_attributes.indexed_fields
    lines += [f"{name}: {t.normaliser.text(attributes[name].data.decode())}" for name in sorted(attributes)]
    lines += [f"worker_deployment_name: {t.normaliser.text(info.worker_deployment_name)}",
              f"assigned_build_id: {info.assigned_build_id}"]
    for activity in sorted(answer.pending_activities, key=lambda pending: pending.activity_id):
        lines += [f"activity {activity.activity_id}: " + line for line in t.normaliser.lines(activity)
                  if "deployment" in line or "state" in line or "build" in line]
    for point in info.auto_reset_points.points:
        lines += [f"reset point: {point.build_id} {point.first_workflow_task_completed_id}"]
    t.block(f"= versions of {t.normaliser.text(workflow_id)}", lines)
    return answer


def poll_activity_of(t, build, queue="q~", deployment="dep~"):
    """Takes an activity task as a worker of a version."""
    return t.poll_activity(queue, deployment_options=options(build, deployment))


def nothing_for(t, build, queue="q~", kind="WORKFLOW", deployment="dep~"):
    """Records that a worker of a version gets nothing for as long as a poll lasts."""
    method = "PollWorkflowTaskQueue" if kind == "WORKFLOW" else "PollActivityTaskQueue"
    fields = {"deployment_options": options(build, deployment)} if build else {}
    return t.call(method, task_queue=queue, identity="worker", timeout=3.5, **fields)

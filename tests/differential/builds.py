"""Short forms for workers of builds, as the two older forms of worker versioning have them."""

from commands import complete, timer

EMPTY_SECONDS = 2.5


def rule(build, share=None):
    """An assignment rule, for all new workflows or a share of them."""
    return {"target_build_id": build, **({} if share is None else {"percentage_ramp": {"ramp_percentage": share}})}


class Rules:
    """The rules of a queue; each update carries the token of the one before."""

    def __init__(self, t, queue="q~"):
        self.t, self.queue, self.token = t, queue, b""
        self.get()

    def get(self):
        answer = self.t.call("GetWorkerVersioningRules", task_queue=self.queue)
        if answer:
            self.token = answer.conflict_token

    def update(self, **fields):
        answer = self.t.call("UpdateWorkerVersioningRules", **{"task_queue": self.queue, "conflict_token": self.token, **fields})
        if answer:
            self.token = answer.conflict_token
        return answer

    def insert(self, build, index=0, share=None):
        return self.update(insert_assignment_rule={"rule_index": index, "rule": rule(build, share)})

    def replace(self, build, index=0, share=None, force=False):
        return self.update(replace_assignment_rule={"rule_index": index, "rule": rule(build, share), "force": force})

    def delete(self, index=0, force=False):
        return self.update(delete_assignment_rule={"rule_index": index, "force": force})

    def add(self, source, target):
        return self.update(add_compatible_redirect_rule={"rule": {"source_build_id": source, "target_build_id": target}})

    def redirect(self, source, target):
        return self.update(replace_compatible_redirect_rule={"rule": {"source_build_id": source, "target_build_id": target}})

    def undirect(self, source):
        return self.update(delete_compatible_redirect_rule={"source_build_id": source})

    def commit(self, build, force=False):
        return self.update(commit_build_id={"target_build_id": build, "force": force})


class Sets:
    """The version sets of a queue."""

    def __init__(self, t, queue="q~"):
        self.t, self.queue = t, queue

    def update(self, **fields):
        return self.t.call("UpdateWorkerBuildIdCompatibility", **{"task_queue": self.queue, **fields})

    def get(self, **fields):
        return self.t.call("GetWorkerBuildIdCompatibility", **{"task_queue": self.queue, **fields})

    def default(self, build, **fields):
        return self.update(add_new_build_id_in_new_default_set=build, **fields)

    def compatible(self, build, existing, default=False, **fields):
        return self.update(add_new_compatible_build_id={
            "new_build_id": build, "existing_compatible_build_id": existing, "make_set_default": default}, **fields)

    def promote(self, build):
        return self.update(promote_set_by_build_id=build)

    def promote_within(self, build):
        return self.update(promote_build_id_within_set=build)

    def merge(self, primary, secondary):
        return self.update(merge_sets={"primary_set_build_id": primary, "secondary_set_build_id": secondary})


def worker(build, versioned=True):
    """What a poll tells of its worker."""
    return {"worker_version_capabilities": {"build_id": build, "use_versioning": versioned}}


def stamp(build, versioned=True):
    """What a completed workflow task tells of its worker."""
    return {"worker_version_stamp": {"build_id": build, "use_versioning": versioned}}


def by(build):
    """What the end of an activity or a failed workflow task tells of its worker."""
    return {"worker_version": {"build_id": build, "use_versioning": True}}


def sticky_queue(name="s~"):
    """The completion of a workflow task by a worker that has the run in its cache."""
    return {"sticky_attributes": {"worker_task_queue": {"name": name, "kind": "STICKY", "normal_name": "q~"}, "schedule_to_start_timeout": 10}}


def work(t, build, *commands, queue="q~", **fields):
    """A worker of a build takes a workflow task and completes it."""
    return t.complete(t.poll(queue, **worker(build)), *commands, **fields, **stamp(build))


def work_from_cache(t, upgrade):
    """A run in the cache of a worker of build 1, until `upgrade` has build 1.1 go on with its work."""
    t.start()
    work(t, "1", timer(), **sticky_queue())
    wait = t.begin_poll("s~", sticky=True, **worker("1"))
    t.wait_poller("s~", sticky=True)
    t.signal()
    t.complete(t.take(wait), timer("t2"), **sticky_queue(), **stamp("1"))
    t.history()
    upgrade()
    t.signal()
    nothing(t, sticky=True, queue="s~", **worker("1"))
    work(t, "1.1", complete())
    t.history()


def nothing(t, kind="Workflow", queue="q~", sticky=False, **fields):
    """A poll that comes back empty."""
    task_queue = {"name": queue, "kind": "STICKY", "normal_name": "q~"} if sticky else queue
    return t.call(f"Poll{kind}TaskQueue", task_queue=task_queue, timeout=EMPTY_SECONDS, **fields)


def told(t, workflow_id="wf~"):
    """What a description tells of the builds of a run. When the reference assigns a run to a build, its poll or a moment
    before, is a matter of luck, and so is the number of its transitions."""
    answer = t.quiet("DescribeWorkflowExecution", execution=(workflow_id, ""))
    info = answer.workflow_execution_info
    stamp = info.most_recent_worker_version_stamp
    builds = info.search_attributes.indexed_fields["BuildIds"].data.decode()
    t.note(f"assigned {info.assigned_build_id!r}, inherited {info.inherited_build_id!r}, stamp {stamp.build_id!r} {stamp.use_versioning}, lists {builds}")
    for point in info.auto_reset_points.points:
        t.note(f"point {point.build_id!r} at {point.first_workflow_task_completed_id}")
    for activity in sorted(answer.pending_activities, key=lambda activity: activity.activity_id):
        of = activity.WhichOneof("assigned_build_id")
        t.note(f"{activity.activity_id} {of} {activity.last_independently_assigned_build_id!r}")

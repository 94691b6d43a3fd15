"""Workers that come and go: lost caches, restarts in the middle of a run, changed code, task queues."""

import asyncio

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from temporalio.client import Client

import activities as act
import workflows as wf
from harness import case, equal, event_names, eventually, is_in


@case
async def worker_restart_keeps_state(t):
    """The first worker holds the run in its cache and goes away; the second one replays it."""
    queue = t.id()
    async with t.worker(queue):
        handle = await t.start(wf.Box.run, task_queue=queue)
        await handle.signal(wf.Box.add, "before")
        equal(await handle.query(wf.Box.all), ["before"], "first worker")
    await handle.signal(wf.Box.add, "between")
    async with t.worker(queue):
        equal(await handle.query(wf.Box.all), ["before", "between"], "second worker")
        await handle.signal(wf.Box.stop)
        equal(await handle.result(), ["before", "between"])


@case
async def worker_restart_during_activity(t):
    """The activity runs on a worker that stays, while the workflow's worker is replaced."""
    queue, key = t.id(), t.id()
    async with t.worker(queue, activities=[]):
        handle = await t.start(
            wf.OneActivity.run, "wait_released", [key], {"task_queue": t.task_queue}, task_queue=queue
        )
        await act.gate(act.STARTED, key).wait()
    act.gate(act.RELEASED, key).set()
    async with t.worker(queue, activities=[]):
        equal(await handle.result(), f"released {key}")


@case
async def two_workers_share_a_queue(t):
    queue = t.id()
    other = await Client.connect(t.client.service_client.config.target_host, namespace=t.client.namespace)
    async with t.worker(queue), t.worker(queue, client=other):
        runs = [t.run(wf.ManyActivities.run, 4, task_queue=queue) for _ in range(10)]
        equal(await asyncio.gather(*runs), [6] * 10)


@case
async def workflow_waits_for_a_worker(t):
    queue = t.id()
    handle = await t.start(wf.Echo.run, "patient", task_queue=queue)
    equal(event_names(await handle.fetch_history())[-1], "WORKFLOW_TASK_SCHEDULED", "last event")
    async with t.worker(queue):
        equal(await handle.result(), "patient")


@case
async def no_cache(t):
    """With no cache at all each workflow task replays from the start."""
    queue = t.id()
    async with t.worker(queue, max_cached_workflows=0):
        equal(await t.run(wf.LongRun.run, 2, task_queue=queue), 2)
        equal(await t.run(wf.Children.run, 2, task_queue=queue), [0, 1])


@case
async def patched_new_run(t):
    handle = await t.start(wf.Versioned.run)
    await handle.signal(wf.Versioned.proceed)
    equal(await handle.result(), "new")
    history = await handle.fetch_history()
    is_in("MARKER_RECORDED", event_names(history))
    is_in("UPSERT_WORKFLOW_SEARCH_ATTRIBUTES", event_names(history))
    attribute = (await handle.describe()).search_attributes["TemporalChangeVersion"]
    equal(list(attribute), ["step-one"], "TemporalChangeVersion")


@case
async def patched_old_run(t):
    """A run that began with the old code keeps to the old path after the code has changed."""
    queue, workflow_id = t.id(), t.id()
    wf.Versioned.OLD_CODE.add(workflow_id)
    async with t.worker(queue, max_cached_workflows=0):
        handle = await t.start(wf.Versioned.run, id=workflow_id, task_queue=queue)

        async def first_task_done():
            return "WORKFLOW_TASK_COMPLETED" in event_names(await handle.fetch_history())

        await eventually(first_task_done, "first workflow task done")
        wf.Versioned.OLD_CODE.discard(workflow_id)
        await handle.signal(wf.Versioned.proceed)
        equal(await handle.result(), "old")


@case
async def task_queue_shows_pollers(t):
    queue = t.id()
    async with t.worker(queue, identity="someone"):
        for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):

            async def pollers():
                answer = await t.client.workflow_service.describe_task_queue(
                    DescribeTaskQueueRequest(
                        namespace=t.client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
                    )
                )
                return [p.identity for p in answer.pollers]

            equal(set(await eventually(pollers, "a poller")), {"someone"}, "pollers")


@case
async def sandboxed_workflow(t):
    """The SDK's default runner: workflow code in a sandbox."""
    from temporalio.worker import Worker

    queue = t.id()
    async with Worker(t.client, task_queue=queue, workflows=[wf.Echo], activities=[act.echo]):
        equal(await t.run(wf.Echo.run, 1, task_queue=queue), 1)

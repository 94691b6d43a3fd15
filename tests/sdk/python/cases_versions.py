"""Versioned workers: pinned runs stay, the others follow the current or the ramping version."""

from contextlib import asynccontextmanager

from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import PinnedVersioningOverride, VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import WorkerDeploymentConfig

import workflows as wf
from harness import case, equal, eventually


class Deployment:
    """Two versions of a deployment on one task queue, each with a worker."""

    def __init__(self, t):
        self.t, self.name, self.queue = t, t.id(), t.id()
        self.service = t.client.workflow_service
        self.about = {"namespace": t.client.namespace, "deployment_name": self.name}

    @asynccontextmanager
    async def workers(self, behavior):
        async with self.worker("1", behavior), self.worker("2", behavior):
            async def both():
                try:
                    known = await self.service.describe_worker_deployment(DescribeWorkerDeploymentRequest(**self.about))
                except Exception:
                    return False
                return len(known.worker_deployment_info.version_summaries) == 2
            await eventually(both, "both versions are known")
            await self.make_current("1")
            yield self

    @asynccontextmanager
    async def worker(self, build, behavior):
        other = await Client.connect(self.t.client.service_client.config.target_host, namespace=self.t.client.namespace)
        config = WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(deployment_name=self.name, build_id=build),
            use_worker_versioning=True,
            default_versioning_behavior=behavior,
        )
        async with self.t.worker(self.queue, client=other, deployment_config=config):
            yield

    async def make_current(self, build):
        await self.service.set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest(
            **self.about, build_id=build, ignore_missing_task_queues=True))
        await self.settled()

    async def ramp(self, build, percentage):
        await self.service.set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest(
            **self.about, build_id=build, percentage=percentage, ignore_missing_task_queues=True))
        await self.settled()

    async def settled(self):
        async def done():
            known = await self.service.describe_worker_deployment(DescribeWorkerDeploymentRequest(**self.about))
            return known.worker_deployment_info.routing_config_update_state != 1
        await eventually(done, "every queue knows")

    async def build_of(self, handle):
        info = (await handle.describe()).raw_description.workflow_execution_info.versioning_info
        return info.deployment_version.build_id


@case
async def a_pinned_run_stays_on_its_version(t):
    async with Deployment(t).workers(VersioningBehavior.PINNED) as d:
        handle = await t.start(wf.Box.run, task_queue=d.queue)
        equal(await handle.query(wf.Box.all), [], "taken by a worker")
        equal(await d.build_of(handle), "1", "build at first")
        await d.make_current("2")
        await handle.signal(wf.Box.stop)
        equal(await handle.result(), [])
        equal(await d.build_of(handle), "1", "build at the end")


@case
async def an_auto_upgrade_run_follows(t):
    async with Deployment(t).workers(VersioningBehavior.AUTO_UPGRADE) as d:
        handle = await t.start(wf.Box.run, task_queue=d.queue)
        equal(await handle.query(wf.Box.all), [], "taken by a worker")
        equal(await d.build_of(handle), "1", "build at first")
        await d.make_current("2")
        await handle.signal(wf.Box.stop)
        equal(await handle.result(), [])
        equal(await d.build_of(handle), "2", "build at the end")


@case
async def new_runs_go_to_a_version_that_ramps(t):
    async with Deployment(t).workers(VersioningBehavior.PINNED) as d:
        await d.ramp("2", 100)
        handle = await t.start(wf.Echo.run, "x", task_queue=d.queue)
        equal(await handle.result(), "x")
        equal(await d.build_of(handle), "2", "build")


@case
async def an_override_at_the_start_of_a_run(t):
    async with Deployment(t).workers(VersioningBehavior.PINNED) as d:
        override = PinnedVersioningOverride(WorkerDeploymentVersion(deployment_name=d.name, build_id="2"))
        handle = await t.start(wf.Echo.run, "x", task_queue=d.queue, versioning_override=override)
        equal(await handle.result(), "x")
        equal(await d.build_of(handle), "2", "build")


@case
async def children_and_activities_stay_with_a_pinned_run(t):
    async with Deployment(t).workers(VersioningBehavior.PINNED) as d:
        parent = await t.start(wf.Children.run, 2, task_queue=d.queue)
        equal(await parent.result(), [0, 1])
        history = await parent.fetch_history()
        for event in history.events:
            if event.HasField("child_workflow_execution_started_event_attributes"):
                child = event.child_workflow_execution_started_event_attributes.workflow_execution
                equal(await d.build_of(t.client.get_workflow_handle(child.workflow_id)), "1", "build of a child")
        equal(await t.run(wf.ManyActivities.run, 4, task_queue=d.queue), 6)

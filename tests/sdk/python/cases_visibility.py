"""What others can see: memo, search attributes, list, count, describe, user metadata, schedules."""

import datetime

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleIntervalSpec, ScheduleSpec
from temporalio.client import ScheduleState, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

import workflows as wf
from harness import case, equal, eventually, is_in, raises

KEYWORD = SearchAttributeKey.for_keyword("FeatureKeyword")
NUMBER = SearchAttributeKey.for_int("FeatureInt")
FLAG = SearchAttributeKey.for_bool("FeatureBool")
REAL = SearchAttributeKey.for_float("FeatureDouble")
TIME = SearchAttributeKey.for_datetime("FeatureDatetime")
WORDS = SearchAttributeKey.for_keyword_list("FeatureKeywords")
ALL_KEYS = [KEYWORD, NUMBER, FLAG, REAL, TIME, WORDS]


async def register_attributes(t) -> None:
    """Registers the attributes of these cases, once per namespace, and waits until they can be used."""
    service = t.client.operator_service
    try:
        await service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=t.client.namespace,
                search_attributes={k.name: k.indexed_value_type for k in ALL_KEYS},
            )
        )
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise

    async def registered():
        answer = await service.list_search_attributes(ListSearchAttributesRequest(namespace=t.client.namespace))
        return all(k.name in answer.custom_attributes for k in ALL_KEYS)

    await eventually(registered, "search attributes are registered")


async def listed(t, query: str, count: int = 1) -> list:
    async def probe():
        found = [w async for w in t.client.list_workflows(query)]
        return found if len(found) >= count else None

    return await eventually(probe, f"{count} results of {query}")


@case
async def memo(t):
    handle = await t.start(wf.Echo.run, 1, memo={"colour": "red", "n": 3})
    await handle.result()
    equal(await (await handle.describe()).memo(), {"colour": "red", "n": 3}, "describe")
    found = (await listed(t, f"WorkflowId = '{handle.id}'"))[0]
    equal(await found.memo(), {"colour": "red", "n": 3}, "list")


@case
async def memo_upsert(t):
    handle = await t.start(wf.Attributes.run, None, {"added": 1, "colour": None}, memo={"colour": "red", "kept": True})
    await handle.signal(wf.Attributes.stop)
    equal(await handle.result(), {"kept": True, "added": 1}, "inside")
    equal(await (await handle.describe()).memo(), {"kept": True, "added": 1}, "describe")


@case
async def search_attributes(t):
    await register_attributes(t)
    unique = t.id()
    when = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    values = [(KEYWORD, unique), (NUMBER, 42), (FLAG, True), (REAL, 2.5), (TIME, when), (WORDS, ["a", "b"])]
    typed = TypedSearchAttributes([SearchAttributePair(k, v) for k, v in values])
    handle = await t.start(wf.Echo.run, 1, search_attributes=typed)
    await handle.result()
    seen = (await handle.describe()).typed_search_attributes
    for key, value in values:
        equal(seen.get(key), value, key.name)
    for condition in (
        "FeatureInt = 42",
        "FeatureInt > 41 AND FeatureInt < 43",
        "FeatureBool = true",
        "FeatureDouble BETWEEN 2.4 AND 2.6",
        "FeatureDatetime > '2030-01-01T00:00:00Z'",
        "FeatureKeywords = 'b'",
        "FeatureKeyword STARTS_WITH 'search_attributes'",
        "FeatureInt IN (1, 42)",
    ):
        found = await listed(t, f"FeatureKeyword = '{unique}' AND {condition}")
        equal([w.id for w in found], [handle.id], condition)
    equal((await t.client.count_workflows(f"FeatureKeyword = '{unique}' AND FeatureInt != 42")).count, 0, "not equal")


@case
async def search_attributes_upsert(t):
    await register_attributes(t)
    unique = t.id()
    handle = await t.start(wf.Attributes.run, unique, None)
    found = await listed(t, f"FeatureKeyword = '{unique}'")
    equal([w.id for w in found], [handle.id], "list")
    equal((await handle.describe()).typed_search_attributes.get(KEYWORD), unique, "describe")
    await handle.signal(wf.Attributes.stop)
    await handle.result()


@case
async def search_attribute_unknown(t):
    key = SearchAttributeKey.for_keyword("NobodyRegisteredThis")
    typed = TypedSearchAttributes([SearchAttributePair(key, "x")])
    error = await raises(RPCError, t.start(wf.Echo.run, 1, search_attributes=typed))
    equal(error.status, RPCStatusCode.INVALID_ARGUMENT, "status")
    is_in("NobodyRegisteredThis", error.message)


@case
async def list_and_count(t):
    prefix = t.id()
    for i in range(5):
        await t.run(wf.Echo.run, i, id=f"{prefix}-{i}")
    running = await t.start(wf.Sleeper.run, id=f"{prefix}-running")
    mine = f"WorkflowId STARTS_WITH '{prefix}'"
    await listed(t, f"{mine} AND ExecutionStatus = 'Completed'", 5)
    found = await listed(t, mine, 6)
    equal({w.id for w in found}, {f"{prefix}-{i}" for i in range(5)} | {running.id}, "ids")
    open_ones = await listed(t, f"{mine} AND ExecutionStatus = 'Running'")
    equal([(w.id, w.status) for w in open_ones], [(running.id, WorkflowExecutionStatus.RUNNING)], "running")
    equal((await t.client.count_workflows(mine)).count, 6, "count")
    groups = (await t.client.count_workflows(f"{mine} GROUP BY ExecutionStatus")).groups
    equal({g.group_values[0]: g.count for g in groups}, {"Completed": 5, "Running": 1}, "groups")
    by_type = await listed(t, f"{mine} AND WorkflowType = 'Sleeper'")
    equal([w.workflow_type for w in by_type], ["Sleeper"], "by type")
    await running.terminate()


@case
async def list_in_pages(t):
    prefix = t.id()
    for i in range(7):
        await t.run(wf.Echo.run, i, id=f"{prefix}-{i}")
    query = f"WorkflowId STARTS_WITH '{prefix}' AND ExecutionStatus = 'Completed'"
    await listed(t, query, 7)
    paged = [w.id async for w in t.client.list_workflows(query, page_size=2)]
    equal(sorted(paged), [f"{prefix}-{i}" for i in range(7)], "every id once")


@case
async def list_bad_query(t):
    error = await raises(RPCError, t.client.count_workflows("WorkflowId = = 'x'"))
    equal(error.status, RPCStatusCode.INVALID_ARGUMENT, "status")


@case
async def describe(t):
    before = datetime.datetime.now(datetime.timezone.utc)
    handle = await t.start(wf.Box.run, run_timeout=datetime.timedelta(seconds=50))
    first = await handle.describe()
    equal((first.id, first.run_id), (handle.id, handle.first_execution_run_id), "ids")
    equal((first.workflow_type, first.task_queue), ("Box", t.task_queue), "type and queue")
    equal((first.status, first.close_time), (WorkflowExecutionStatus.RUNNING, None), "open")
    assert abs((first.start_time - before).total_seconds()) < 10, first.start_time
    config = first.raw_description.execution_config
    equal(config.workflow_run_timeout.seconds, 50, "run timeout")
    equal(config.default_workflow_task_timeout.seconds, 10, "task timeout")
    await handle.signal(wf.Box.stop)
    await handle.result()
    last = await handle.describe()
    equal(last.status, WorkflowExecutionStatus.COMPLETED, "closed")
    assert last.close_time >= last.start_time, "closed after the start"
    equal(last.history_length, len((await handle.fetch_history()).events), "history length")


@case
async def user_metadata(t):
    handle = await t.start(wf.Summaries.run, static_summary="in short", static_details="and at length")
    await handle.result()
    description = await handle.describe()
    equal(await description.static_summary(), "in short", "summary")
    equal(await description.static_details(), "and at length", "details")
    converter = t.client.data_converter
    seen = []
    for event in (await handle.fetch_history()).events:
        if event.HasField("user_metadata") and event.user_metadata.HasField("summary"):
            seen += await converter.decode([event.user_metadata.summary], [str])
    equal(seen, ["in short", "a short nap", "says one"], "summaries in history")


def every(t, seconds: float, **state) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(wf.Echo.run, 7, id=t.id(), task_queue=t.task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=datetime.timedelta(seconds=seconds))]),
        state=ScheduleState(**state),
    )


@case
async def schedule_runs(t):
    handle = await t.client.create_schedule(t.id(), every(t, 1, limited_actions=True, remaining_actions=1))

    async def acted():
        info = (await handle.describe()).info
        return info.num_actions == 1 and info.recent_actions

    actions = await eventually(acted, "one action")
    started = t.client.get_workflow_handle(actions[0].action.workflow_id)
    equal(await started.result(), 7, "what it started")
    await handle.delete()


@case
async def schedule_trigger_and_pause(t):
    handle = await t.client.create_schedule(t.id(), every(t, 3600, paused=True, note="asleep"))
    state = (await handle.describe()).schedule.state
    equal((state.paused, state.note), (True, "asleep"), "state")
    await handle.trigger()

    async def acted():
        return (await handle.describe()).info.recent_actions

    actions = await eventually(acted, "the trigger acted")
    equal(await t.client.get_workflow_handle(actions[0].action.workflow_id).result(), 7, "what it started")
    await handle.unpause(note="awake")
    state = (await handle.describe()).schedule.state
    equal((state.paused, state.note), (False, "awake"), "state")
    await handle.delete()
    error = await raises(RPCError, handle.describe())
    equal(error.status, RPCStatusCode.NOT_FOUND, "after the delete")

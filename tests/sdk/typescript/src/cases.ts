// The cases: each fails by throwing.

import {
  ActivityNotFoundError,
  QueryNotRegisteredError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateStage,
} from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { ActivityOptions } from '@temporalio/workflow';
import { tokenOf } from './activities.js';
import { contains, Context, equal, eventually, isA, raises } from './harness.js';
import * as wf from './workflows.js';

type Activity = Parameters<typeof wf.oneActivity>[0];
type Handle = Awaited<ReturnType<typeof startBox>>;

async function activityFailure(t: Context, name: Activity, args: unknown[], options: ActivityOptions): Promise<ActivityFailure> {
  const handle = await t.start(wf.oneActivity, [name, args, options]);
  const error = await raises(WorkflowFailedError, handle.result());
  return isA(ActivityFailure, error.cause);
}

const startBox = (t: Context) => t.start(wf.box, []);

async function stop(handle: Handle): Promise<string[]> {
  await handle.signal(wf.stop);
  return await handle.result();
}

const once = { maximumAttempts: 1 };

export const cases: Record<string, (t: Context) => Promise<void>> = {
  async activity_result(t) {
    const value = { list: [1, null, 'ü'] };
    equal(await (await t.start(wf.oneActivity, ['echo', [value], {}])).result(), value);
  },
  async activity_retried_until_success(t) {
    equal(await (await t.start(wf.oneActivity, ['failUntil', [3], {}])).result(), 3);
  },
  async activity_attempts_used_up(t) {
    const error = await activityFailure(t, 'failUntil', [9], { retry: { maximumAttempts: 2 } });
    equal(error.retryState, RetryState.MAXIMUM_ATTEMPTS_REACHED, 'retry state');
    equal(isA(ApplicationFailure, error.cause).message, 'attempt 2 fails', 'cause');
  },
  async activity_non_retryable_flag(t) {
    const error = await activityFailure(t, 'failWith', ['no', 'Fatal'], {});
    equal(error.retryState, RetryState.NON_RETRYABLE_FAILURE, 'retry state');
    const cause = isA(ApplicationFailure, error.cause);
    equal([cause.type, cause.nonRetryable, cause.details], ['Fatal', true, ['detail']], 'cause');
  },
  async activity_heartbeat_details_carried(t) {
    const options = { heartbeatTimeout: 5000, retry: { maximumAttempts: 3 } };
    equal(await (await t.start(wf.oneActivity, ['resumeFromHeartbeat', [], options])).result(), [1, 2]);
  },
  async activity_timeout_start_to_close(t) {
    const error = await activityFailure(t, 'hang', [], { startToCloseTimeout: 300, retry: once });
    equal(isA(TimeoutFailure, error.cause).timeoutType, 'START_TO_CLOSE');
  },
  async activity_timeout_schedule_to_start(t) {
    const error = await activityFailure(t, 'echo', [1], { taskQueue: t.id(), scheduleToStartTimeout: 300 });
    equal(isA(TimeoutFailure, error.cause).timeoutType, 'SCHEDULE_TO_START');
  },
  async activity_timeout_schedule_to_close(t) {
    const error = await activityFailure(t, 'hang', [], { scheduleToCloseTimeout: 400 });
    equal(error.retryState, RetryState.TIMEOUT, 'retry state');
    equal(isA(TimeoutFailure, error.cause).timeoutType, 'SCHEDULE_TO_CLOSE');
  },
  async activity_timeout_heartbeat(t) {
    const error = await activityFailure(t, 'hang', ['detail'], { heartbeatTimeout: 400, retry: once });
    const cause = isA(TimeoutFailure, error.cause);
    equal([cause.timeoutType, cause.lastHeartbeatDetails], ['HEARTBEAT', 'detail']);
  },
  async activity_cancelled_with_workflow(t) {
    const options: ActivityOptions = { heartbeatTimeout: 1000, cancellationType: 'WAIT_CANCELLATION_COMPLETED' };
    const handle = await t.start(wf.oneActivity, ['waitForCancel', [], options]);
    await eventually('the activity runs', async () => {
      const pending = (await handle.describe()).raw.pendingActivities ?? [];
      return pending.some((p) => p.lastHeartbeatTime || p.lastStartedTime);
    });
    await handle.cancel();
    isA(CancelledFailure, (await raises(WorkflowFailedError, handle.result())).cause);
    const events = (await handle.fetchHistory()).events ?? [];
    equal(events.filter((e) => e.activityTaskCanceledEventAttributes).length, 1, 'activity cancelled');
  },
  async async_completion_by_token(t) {
    const key = t.id();
    const handle = await t.start(wf.oneActivity, ['completeElsewhere', [key], {}]);
    const token = await tokenOf(key).promise;
    await t.client.activity.complete(token, 'by token');
    equal(await handle.result(), 'by token');
    await raises(ActivityNotFoundError, t.client.activity.complete(token, 'again'));
  },
  async async_completion_by_id(t) {
    const key = t.id();
    const handle = await t.start(wf.oneActivity, ['completeElsewhere', [key], { activityId: 'the-one' }]);
    await tokenOf(key).promise;
    await t.client.activity.complete({ workflowId: handle.workflowId, activityId: 'the-one' }, 'by id');
    equal(await handle.result(), 'by id');
  },
  async local_activity(t) {
    const handle = await t.start(wf.localActivity, [2]);
    equal(await handle.result(), 2);
    const events = (await handle.fetchHistory()).events ?? [];
    equal(events.some((e) => e.activityTaskScheduledEventAttributes), false, 'scheduled');
    equal(events.filter((e) => e.markerRecordedEventAttributes).length, 1, 'markers');
  },
  async workflow_echo(t) {
    const handle = await t.start(wf.echo, [{ a: [1] }]);
    equal(await handle.result(), { a: [1] });
    equal((await handle.fetchHistory()).events?.map((e) => Number(e.eventId)), [1, 2, 3, 4, 5], 'event ids');
  },
  async workflow_failure(t) {
    const error = await raises(WorkflowFailedError, (await t.start(wf.fail, ['broken', 'Kind'])).result());
    const cause = isA(ApplicationFailure, error.cause);
    equal([cause.message, cause.type, cause.details], ['broken', 'Kind', ['detail']]);
  },
  async workflow_retry_policy(t) {
    const retry = { initialInterval: 20, backoffCoefficient: 1, maximumAttempts: 5 };
    equal(await (await t.start(wf.failUntilAttempt, [3], { retry })).result(), 3);
  },
  async timers_in_order(t) {
    equal(await (await t.start(wf.timers, [[2200, 10, 1100]])).result(), [10, 1100, 2200]);
  },
  async continue_as_new(t) {
    const handle = await t.start(wf.countDown, [2, []]);
    const runs = await handle.result();
    equal(new Set(runs).size, 3, 'runs');
    equal(runs[0], handle.firstExecutionRunId, 'first run');
  },
  async cancel_runs_cleanup(t) {
    const handle = await t.start(wf.cancelCleanup, []);
    await eventually('first workflow task done', async () => (await handle.describe()).historyLength >= 4);
    await handle.cancel();
    isA(CancelledFailure, (await raises(WorkflowFailedError, handle.result())).cause);
    const events = (await handle.fetchHistory()).events ?? [];
    equal(events.filter((e) => e.activityTaskCompletedEventAttributes).length, 1, 'cleanup');
  },
  async terminate(t) {
    const handle = await t.start(wf.sleeper, []);
    await handle.terminate('because');
    isA(TerminatedFailure, (await raises(WorkflowFailedError, handle.result())).cause);
    equal((await handle.describe()).status.name, 'TERMINATED', 'status');
  },
  async run_timeout(t) {
    const handle = await t.start(wf.sleeper, [], { workflowRunTimeout: 1000 });
    isA(TimeoutFailure, (await raises(WorkflowFailedError, handle.result())).cause);
  },
  async unknown_workflow_is_not_found(t) {
    await raises(WorkflowNotFoundError, t.client.workflow.getHandle(t.id()).describe());
  },
  async ten_children(t) {
    equal(await (await t.start(wf.children, [10])).result(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  },
  async child_fails(t) {
    const error = await raises(WorkflowFailedError, (await t.start(wf.failingChild, [t.id()])).result());
    equal(isA(ApplicationFailure, isA(ChildWorkflowFailure, error.cause).cause).type, 'Kind');
  },
  async child_cancel(t) {
    equal(await (await t.start(wf.childCancel, [t.id()])).result(), 'cancelled');
  },
  async parent_close_terminate(t) {
    await closeParent(t, 'TERMINATE', 'TERMINATED');
  },
  async parent_close_request_cancel(t) {
    await closeParent(t, 'REQUEST_CANCEL', 'CANCELLED');
  },
  async parent_close_abandon(t) {
    await closeParent(t, 'ABANDON', 'RUNNING');
  },
  async signals_in_order(t) {
    const handle = await startBox(t);
    const want = Array.from({ length: 30 }, (_, i) => String(i));
    for (const item of want) await handle.signal(wf.add, item);
    equal(await stop(handle), want);
  },
  async signal_with_start_new(t) {
    const handle = await t.client.workflow.signalWithStart(wf.box, {
      workflowId: t.id(), taskQueue: t.taskQueue, signal: wf.add, signalArgs: ['first'],
    });
    await handle.signal(wf.stop);
    equal(await handle.result(), ['first']);
  },
  async query_running(t) {
    const handle = await startBox(t);
    await handle.signal(wf.add, 'a');
    equal(await handle.query(wf.all), ['a']);
    await stop(handle);
  },
  async query_closed(t) {
    const handle = await startBox(t);
    await handle.signal(wf.add, 'a');
    await stop(handle);
    equal(await handle.query(wf.all), ['a']);
  },
  async query_unknown_name(t) {
    const handle = await startBox(t);
    await raises(QueryNotRegisteredError, handle.query('nothing'));
    await stop(handle);
  },
  async update_completes(t) {
    const handle = await startBox(t);
    equal(await handle.executeUpdate(wf.put, { args: ['a'] }), 1);
    equal(await handle.executeUpdate(wf.put, { args: ['b'] }), 2);
    equal(await stop(handle), ['a', 'b']);
  },
  async update_rejected(t) {
    const handle = await startBox(t);
    const error = await raises(WorkflowUpdateFailedError, handle.executeUpdate(wf.put, { args: [''] }));
    equal(isA(ApplicationFailure, error.cause).type, 'Refused');
    equal(await stop(handle), []);
  },
  async update_same_id_runs_once(t) {
    const handle = await startBox(t);
    for (let i = 0; i < 3; i++) equal(await handle.executeUpdate(wf.put, { args: ['a'], updateId: 'same' }), 1);
    equal(await stop(handle), ['a']);
  },
  async update_accepted_then_completed(t) {
    const handle = await startBox(t);
    const update = await handle.startUpdate(wf.putWhenUnlocked, {
      args: ['later'], waitForStage: WorkflowUpdateStage.ACCEPTED,
    });
    await handle.signal(wf.unlock);
    equal(await update.result(), 'put later');
    await stop(handle);
  },
  async update_with_start_new(t) {
    const startWorkflowOperation = new WithStartWorkflowOperation(wf.box, {
      workflowId: t.id(), taskQueue: t.taskQueue, workflowIdConflictPolicy: 'USE_EXISTING',
    });
    equal(await t.client.workflow.executeUpdateWithStart(wf.put, { args: ['a'], startWorkflowOperation }), 1);
    const handle = await startWorkflowOperation.workflowHandle();
    await handle.signal(wf.stop);
    equal(await handle.result(), ['a']);
  },
  async external_signal(t) {
    const target = await startBox(t);
    await (await t.start(wf.external, ['signal', target.workflowId])).result();
    equal(await stop(target), ['from outside']);
  },
  async external_cancel(t) {
    const target = await t.start(wf.sleeper, []);
    await (await t.start(wf.external, ['cancel', target.workflowId])).result();
    isA(CancelledFailure, (await raises(WorkflowFailedError, target.result())).cause);
  },
  async id_reuse_reject(t) {
    const first = await t.start(wf.echo, [1]);
    await first.result();
    const again = t.start(wf.echo, [2], { workflowId: first.workflowId, workflowIdReusePolicy: 'REJECT_DUPLICATE' });
    await raises(WorkflowExecutionAlreadyStartedError, again);
  },
  async id_conflict_use_existing(t) {
    const first = await startBox(t);
    const again = await t.start(wf.box, [], { workflowId: first.workflowId, workflowIdConflictPolicy: 'USE_EXISTING' });
    equal(again.firstExecutionRunId, first.firstExecutionRunId, 'run id');
    await stop(first);
  },
  async id_conflict_fail(t) {
    const first = await startBox(t);
    const again = t.start(wf.box, [], { workflowId: first.workflowId, workflowIdConflictPolicy: 'FAIL' });
    await raises(WorkflowExecutionAlreadyStartedError, again);
    await stop(first);
  },
  async search_attributes_upsert(t) {
    await t.client.connection.operatorService.addSearchAttributes({
      namespace: 'default', searchAttributes: { FeatureKeyword: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD },
    });
    const unique = t.id();
    const handle = await t.start(wf.searchable, [unique]);
    await handle.result();
    await eventually('it is listed', async () => {
      for await (const found of t.client.workflow.list({ query: `FeatureKeyword = '${unique}'` })) {
        if (found.workflowId === handle.workflowId) return true;
      }
      return false;
    });
  },
  async schedule_trigger_and_pause(t) {
    const schedule = await t.client.schedule.create({
      scheduleId: t.id(),
      spec: { intervals: [{ every: '1h' }] },
      action: { type: 'startWorkflow', workflowType: wf.echo, args: [1], taskQueue: t.taskQueue, workflowId: t.id() },
      state: { paused: true, note: 'not yet' },
    });
    try {
      equal((await schedule.describe()).state.paused, true, 'paused');
      await schedule.trigger();
      await eventually('the trigger acted', async () => (await schedule.describe()).info.recentActions.length === 1);
      await schedule.unpause('go on');
      equal((await schedule.describe()).state.paused, false, 'paused');
    } finally {
      await schedule.delete();
    }
  },
  async cron(t) {
    const handle = await t.start(wf.cronTick, [], { cronSchedule: '@every 1s' });
    const carried = await eventually('the second run has the first one\'s result', async () => {
      const described = await t.client.workflow.getHandle(handle.workflowId).describe();
      if (described.runId === handle.firstExecutionRunId) return undefined;
      const { events } = await t.client.workflow.getHandle(handle.workflowId, described.runId).fetchHistory();
      return events?.[0].workflowExecutionStartedEventAttributes?.lastCompletionResult?.payloads ?? undefined;
    });
    await t.client.workflow.getHandle(handle.workflowId).terminate();
    equal(carried.length, 1, 'last results');
  },
  async start_delay(t) {
    const began = Date.now();
    await (await t.start(wf.echo, ['late'], { startDelay: 700 })).result();
    equal(Date.now() - began >= 700, true, 'it ran late');
  },
  async memo(t) {
    const handle = await t.start(wf.attributes, [], { memo: { colour: 'red' } });
    equal(await handle.result(), { colour: 'red', added: 'yes' }, 'inside');
    equal((await handle.describe()).memo, { colour: 'red', added: 'yes' }, 'describe');
  },
  async patched_new_run(t) {
    equal(await (await t.start(wf.versioned, [])).result(), 'new');
  },
  async random_is_stable(t) {
    equal(await (await t.start(wf.seeded, [])).result(), true);
  },
  async user_metadata(t) {
    const handle = await t.start(wf.echo, [1], { staticSummary: 'in short', staticDetails: 'at length' });
    await handle.result();
    const described = await handle.describe();
    equal([await described.staticSummary(), await described.staticDetails()], ['in short', 'at length']);
  },
  async list_and_count(t) {
    const handle = await t.start(wf.echo, [1]);
    await handle.result();
    const query = `WorkflowId = '${handle.workflowId}'`;
    await eventually('it is listed as completed', async () => {
      for await (const found of t.client.workflow.list({ query })) if (found.status.name === 'COMPLETED') return true;
      return false;
    });
    equal((await t.client.workflow.count(query)).count, 1, 'count');
  },
  async worker_restart_keeps_state(t) {
    const queue = t.id();
    const first = await t.makeWorker(queue);
    const handle = await first.runUntil(async () => {
      const started = await t.start(wf.box, [], { taskQueue: queue });
      await started.signal(wf.add, 'before');
      equal(await started.query(wf.all), ['before'], 'first worker');
      return started;
    });
    const second = await t.makeWorker(queue);
    equal(await second.runUntil(() => stop(handle)), ['before'], 'second worker');
  },
};

async function closeParent(t: Context, policy: 'TERMINATE' | 'REQUEST_CANCEL' | 'ABANDON', status: string): Promise<void> {
  const childId = t.id();
  const runId = await (await t.start(wf.parentOf, [childId, policy])).result();
  const child = t.client.workflow.getHandle(childId, runId);
  const seen = await eventually(`the child is ${status}`, async () => {
    const name = (await child.describe()).status.name;
    return name === status && name;
  });
  contains(seen, status);
  if (status === 'RUNNING') await child.terminate();
}

// Workflows the cases run. This file is bundled into the SDK's workflow sandbox.

import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { ActivityOptions } from '@temporalio/workflow';
import type * as activities from './activities.js';

export const add = defineSignal<[string]>('add');
export const stop = defineSignal('stop');
export const unlock = defineSignal('unlock');
export const all = defineQuery<string[]>('all');
export const put = defineUpdate<number, [string]>('put');
export const putWhenUnlocked = defineUpdate<string, [string]>('putWhenUnlocked');

const fast = { initialInterval: 20, backoffCoefficient: 1 };

export async function echo(value: unknown): Promise<unknown> {
  return value;
}

export async function oneActivity(name: keyof typeof activities, args: unknown[], options: ActivityOptions): Promise<unknown> {
  const limits = { ...options, retry: { ...fast, ...options.retry } };
  if (!limits.startToCloseTimeout && !limits.scheduleToCloseTimeout) limits.scheduleToCloseTimeout = 30_000;
  const call = proxyActivities<Record<string, (...a: unknown[]) => Promise<unknown>>>(limits)[name];
  return await call(...args);
}

export async function localActivity(attempt: number): Promise<number> {
  const { failUntil } = proxyLocalActivities<typeof activities>({ startToCloseTimeout: 5000, retry: fast });
  return await failUntil(attempt);
}

export async function fail(message: string, kind: string): Promise<void> {
  throw ApplicationFailure.create({ message, type: kind, details: ['detail'] });
}

export async function failUntilAttempt(attempt: number): Promise<number> {
  const now = workflowInfo().attempt;
  if (now < attempt) throw ApplicationFailure.create({ message: `attempt ${now}` });
  return now;
}

export async function timers(milliseconds: number[]): Promise<number[]> {
  const fired: number[] = [];
  await Promise.all(milliseconds.map(async (ms) => void fired.push((await sleep(ms), ms))));
  return fired;
}

export async function sleeper(): Promise<void> {
  await condition(() => false);
}

export async function cancelCleanup(): Promise<void> {
  const { echo: clean } = proxyActivities<typeof activities>({ startToCloseTimeout: 10_000 });
  try {
    await condition(() => false);
  } finally {
    await CancellationScope.nonCancellable(() => clean('clean'));
  }
}

export async function countDown(left: number, runs: string[]): Promise<string[]> {
  const seen = [...runs, workflowInfo().runId];
  if (left > 0) await continueAsNew<typeof countDown>(left - 1, seen);
  return seen;
}

export async function children(count: number): Promise<unknown[]> {
  const base = workflowInfo().workflowId;
  return await Promise.all(
    Array.from({ length: count }, (_, i) => executeChild(echo, { args: [i], workflowId: `${base}/${i}` })),
  );
}

export async function failingChild(workflowId: string): Promise<void> {
  await executeChild(fail, { args: ['broken', 'Kind'], workflowId });
}

export async function childCancel(workflowId: string): Promise<string> {
  try {
    await CancellationScope.cancellable(async () => {
      const child = await startChild(sleeper, {
        workflowId,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      });
      CancellationScope.current().cancel();
      await child.result();
    });
  } catch (error) {
    if (isCancellation(error)) return 'cancelled';
    throw error;
  }
  return 'completed';
}

export async function parentOf(workflowId: string, policy: ParentClosePolicy): Promise<string> {
  const child = await startChild(sleeper, { workflowId, parentClosePolicy: policy });
  return child.firstExecutionRunId;
}

export async function external(action: string, workflowId: string): Promise<void> {
  const handle = getExternalWorkflowHandle(workflowId);
  await (action === 'cancel' ? handle.cancel() : handle.signal(add, 'from outside'));
}

export async function versioned(): Promise<string> {
  return patched('step-one') ? 'new' : 'old';
}

export async function seeded(): Promise<boolean> {
  const drawn = [uuid4(), Math.random()];
  await sleep(10);
  const { echo: call } = proxyActivities<typeof activities>({
    startToCloseTimeout: 10_000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  const echoed = await call(drawn);
  return JSON.stringify(echoed) === JSON.stringify(drawn);
}

export async function attributes(): Promise<unknown> {
  upsertMemo({ added: 'yes' });
  return workflowInfo().memo;
}

export async function searchable(value: string): Promise<void> {
  upsertSearchAttributes([{ key: defineSearchAttributeKey('FeatureKeyword', SearchAttributeType.KEYWORD), value }]);
}

export async function cronTick(): Promise<number> {
  return 1;
}

/** Collects signals until told to stop; answers queries; takes updates. */
export async function box(): Promise<string[]> {
  const items: string[] = [];
  let stopped = false;
  let unlocked = false;
  setHandler(add, (item) => void items.push(item));
  setHandler(stop, () => void (stopped = true));
  setHandler(unlock, () => void (unlocked = true));
  setHandler(all, () => items);
  setHandler(put, (item) => items.push(item), {
    validator: (item) => {
      if (item === '') throw ApplicationFailure.create({ message: 'empty items are refused', type: 'Refused' });
    },
  });
  setHandler(putWhenUnlocked, async (item) => {
    await condition(() => unlocked);
    items.push(item);
    return `put ${item}`;
  });
  await condition(() => stopped);
  return items;
}

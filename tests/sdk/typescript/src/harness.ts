// What a case may use: a client, the shared worker's task queue, ids nobody else has, and expectations.

import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Client, WorkflowHandleWithFirstExecutionRunId, WorkflowStartOptions } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { Worker } from '@temporalio/worker';

export class Context {
  constructor(
    readonly client: Client,
    readonly taskQueue: string,
    private readonly name: string,
    readonly makeWorker: (taskQueue: string) => Promise<Worker>,
  ) {}

  id(): string {
    return `${this.name}-${randomUUID().slice(0, 13)}`;
  }

  async start<W extends Workflow>(
    workflow: W,
    args: Parameters<W>,
    options: Partial<WorkflowStartOptions<W>> = {},
  ): Promise<WorkflowHandleWithFirstExecutionRunId<W>> {
    const whole = { workflowId: this.id(), taskQueue: this.taskQueue, ...options, args };
    return await this.client.workflow.start<W>(workflow, whole as unknown as WorkflowStartOptions<W>);
  }
}

export function equal(got: unknown, want: unknown, what = 'value'): void {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

export function contains(whole: unknown, part: string): void {
  if (!String(whole).includes(part)) throw new Error(`${JSON.stringify(part)} is not in ${JSON.stringify(String(whole))}`);
}

type ErrorClass<E> = abstract new (...args: never[]) => E;

/** Awaits something that must fail with an error of the given class, and returns the error. */
export async function raises<E>(kind: ErrorClass<E>, promise: Promise<unknown>): Promise<E> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return isA(kind, error);
  }
  throw new Error(`no ${kind.name}: it returned ${JSON.stringify(result)}`);
}

export function isA<E>(kind: ErrorClass<E>, value: unknown): E {
  if (value instanceof kind) return value;
  throw new Error(`not a ${kind.name}: ${value}`);
}

/** Polls what the API promises only eventually. */
export async function eventually<T>(what: string, probe: () => Promise<T>, millis = 15_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + millis;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${millis} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

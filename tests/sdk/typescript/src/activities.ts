// Activities the cases use.

import { activityInfo, ApplicationFailure, Context, CompleteAsyncError, heartbeat } from '@temporalio/activity';

/** Task tokens of activities that a case completes itself, by a key the case chose. */
const tokens = new Map<string, { promise: Promise<Uint8Array>; resolve: (token: Uint8Array) => void }>();

export function tokenOf(key: string) {
  let entry = tokens.get(key);
  if (!entry) {
    let resolve!: (token: Uint8Array) => void;
    const promise = new Promise<Uint8Array>((r) => (resolve = r));
    entry = { promise, resolve };
    tokens.set(key, entry);
  }
  return entry;
}

export async function echo(value: unknown): Promise<unknown> {
  return value;
}

export async function failUntil(attempt: number): Promise<number> {
  const now = activityInfo().attempt;
  if (now < attempt) throw ApplicationFailure.retryable(`attempt ${now} fails`, 'NotYet');
  return now;
}

export async function failWith(message: string, kind: string): Promise<void> {
  throw ApplicationFailure.nonRetryable(message, kind, 'detail');
}

/** The first two attempts each leave a number; the third returns what the second left. */
export async function resumeFromHeartbeat(): Promise<number[]> {
  const { attempt, heartbeatDetails } = activityInfo();
  const seen: number[] = heartbeatDetails ?? [];
  if (attempt < 3) {
    heartbeat([...seen, attempt]);
    throw ApplicationFailure.retryable('again');
  }
  return seen;
}

export async function hang(detail?: string): Promise<void> {
  if (detail) heartbeat(detail);
  await Context.current().cancelled;
}

export async function waitForCancel(): Promise<void> {
  const context = Context.current();
  for (;;) {
    context.heartbeat('alive');
    await context.sleep(100);
  }
}

export async function completeElsewhere(key: string): Promise<unknown> {
  tokenOf(key).resolve(activityInfo().taskToken);
  throw new CompleteAsyncError();
}

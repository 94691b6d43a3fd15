// Workflows that sleep, for the time-skipping environment.

import { sleep } from '@temporalio/workflow';

export async function doze(millis: number): Promise<number> {
  const began = Date.now();
  await sleep(millis);
  return Date.now() - began;
}

export async function dozeTwice(millis: number): Promise<number> {
  return (await doze(millis)) + (await doze(millis));
}

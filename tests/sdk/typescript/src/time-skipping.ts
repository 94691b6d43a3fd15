// The official TypeScript SDK's time-skipping environment on our test server.
//
//   npm run time-skipping -- --binary PATH      PATH of `longhaul`; `longhaul-test-server` lies beside it
//
// One line for each case; the last line is `N passed, N failed`.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { doze, dozeTwice } from './dozers.js';
import { equal } from './harness.js';

const DAY = 86_400_000;

type Case = (env: TestWorkflowEnvironment, taskQueue: string) => Promise<void>;

function near(got: number, want: number): void {
  if (Math.abs(got - want) > 5_000) throw new Error(`got ${got}, want about ${want}`);
}

const cases: Record<string, Case> = {
  async aTimerOfAHundredDays(env, taskQueue) {
    near(await env.client.workflow.execute(doze, { workflowId: randomUUID(), taskQueue, args: [100 * DAY] }), 100 * DAY);
  },
  async theEnvironmentSleepsAndTellsTheTime(env, taskQueue) {
    const before = await env.currentTimeMs();
    const handle = await env.client.workflow.start(doze, { workflowId: randomUUID(), taskQueue, args: [30 * DAY] });
    await env.sleep(3 * DAY);
    near((await env.currentTimeMs()) - before, 3 * DAY);
    equal((await handle.describe()).status.name, 'RUNNING');
    near(await handle.result(), 30 * DAY);
  },
  async twoTimersInARow(env, taskQueue) {
    const args: [number] = [10 * DAY];
    near(await env.client.workflow.execute(dozeTwice, { workflowId: randomUUID(), taskQueue, args }), 20 * DAY);
  },
};

const quiet = new DefaultLogger('ERROR', () => undefined);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { binary: { type: 'string' } } });
  if (!values.binary) {
    console.error('--binary is needed');
    return 2;
  }
  const path = join(dirname(resolve(values.binary)), 'longhaul-test-server');
  const folder = mkdtempSync(join(tmpdir(), 'sdk-ts-'));
  process.env.TEMPORAL_CONFIG_FILE = join(folder, 'temporal.toml');
  Runtime.install({ logger: quiet, telemetryOptions: { logging: { filter: 'OFF' } } });
  let passed = 0;
  let failed = 0;
  const workflowBundle = await bundleWorkflowCode({ workflowsPath: require.resolve('./dozers'), logger: quiet });
  for (const [name, run] of Object.entries(cases)) {
    const began = Date.now();
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
    try {
      const taskQueue = `skip-${randomUUID()}`;
      const worker = await Worker.create({ connection: env.nativeConnection, taskQueue, workflowBundle });
      await worker.runUntil(() => run(env, taskQueue));
      passed += 1;
      console.log(`ok ${name} (${Date.now() - began} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}: ${`${error}`.replaceAll('\n', ' ')}`);
    } finally {
      await env.teardown();
    }
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.log(`FAILED start: ${error}`);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);

// Runs features of the official TypeScript SDK against a server.
//
//   npm run features -- --address HOST:PORT [--only PATTERN]
//   npm run features -- --binary PATH           starts PATH as the SDK's local dev server, and stops it
//
// One line for each case; the last line is `N passed, N failed`.

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime, Worker, bundleWorkflowCode } from '@temporalio/worker';
import * as activities from './activities.js';
import { cases } from './cases.js';
import { Context } from './harness.js';

const CASE_MILLIS_MAX = 60_000;
const CASES_AT_A_TIME = 8;

async function runAll(client: Client, connection: NativeConnection, only: string): Promise<[number, number]> {
  const taskQueue = `features-${randomUUID()}`;
  const bundle = await bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger: quiet });
  const makeWorker = (queue: string) =>
    Worker.create({ connection, namespace: 'default', taskQueue: queue, workflowBundle: bundle, activities });
  const worker = await makeWorker(taskQueue);
  let passed = 0;
  let failed = 0;
  await worker.runUntil(async () => {
    const waiting = Object.entries(cases).filter(([name]) => name.includes(only));
    const place = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [name, run] = next;
        const began = Date.now();
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error(`not done after ${CASE_MILLIS_MAX} ms`)), CASE_MILLIS_MAX);
        });
        try {
          await Promise.race([run(new Context(client, taskQueue, name, makeWorker)), late]);
          passed += 1;
          console.log(`ok ${name} (${Date.now() - began} ms)`);
        } catch (error) {
          failed += 1;
          const cause = (error as { cause?: unknown }).cause;
          console.log(`FAILED ${name}: ${`${error}${cause ? ` <- ${cause}` : ''}`.replaceAll('\n', ' ')}`);
        } finally {
          clearTimeout(timer);
        }
      }
    };
    await Promise.all(Array.from({ length: CASES_AT_A_TIME }, place));
  });
  return [passed, failed];
}

// Cases fail on purpose; only their verdicts are of interest.
const quiet = new DefaultLogger('ERROR', () => undefined);

async function against(address: string | undefined, binary: string | undefined, only: string): Promise<[number, number]> {
  if (binary) {
    const env = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path: binary }, log: { format: 'pretty', level: 'error' } },
    });
    try {
      return await runAll(env.client, env.nativeConnection, only);
    } finally {
      await env.teardown();
    }
  }
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  try {
    return await runAll(new Client({ connection }), native, only);
  } finally {
    await connection.close();
    await native.close();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { address: { type: 'string' }, binary: { type: 'string' }, only: { type: 'string', default: '' } },
  });
  if (!values.address === !values.binary) {
    console.error('one of --address and --binary is needed');
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'sdk-ts-'));
  process.env.TEMPORAL_CONFIG_FILE = join(folder, 'temporal.toml');
  Runtime.install({ logger: quiet, telemetryOptions: { logging: { filter: 'OFF' } } });
  try {
    const [passed, failed] = await against(values.address, values.binary, values.only ?? '');
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.log(`FAILED start: ${error}`);
    console.log('0 passed, 1 failed');
    process.exit(1);
  },
);

/**
 * One worker of test/run.ts: imports each test file it is sent and runs what the file queued. uvu is told that its own
 * runner is at work, so that it queues instead of running; what the queue holds counts and formats its failures.
 */
import type { FileResult } from './run.ts';

/** A queued suite: [failures or true, passed, skipped, total]. */
type Suite = () => Promise<readonly [string | true, number, number, number]>;

const shared = globalThis as typeof globalThis & { UVU_DEFER?: number; UVU_INDEX?: number; UVU_QUEUE?: (null | Suite)[][] };
shared.UVU_DEFER = 1;
shared.UVU_INDEX = 0;
const queue: (null | Suite)[] = [null];
shared.UVU_QUEUE = [queue];

async function runFile(file: string): Promise<FileResult> {
  let passed = 0;
  let total = 0;
  let skipped = 0;
  let failures = '';
  queue.length = 1;
  try {
    await import(new URL(`../${file}`, import.meta.url).href);
    for (const suite of queue.slice(1)) {
      const [errors, ran, skips, all] = await suite!();
      passed += ran;
      total += all;
      skipped += skips;
      if (errors !== true) failures += errors;
    }
  } catch (error) {
    failures += `${file} could not be loaded\n${error instanceof Error ? error.stack : String(error)}\n`;
    total = 0;
  }
  // An error thrown from a timer that the file left behind belongs to it, not to the next one.
  await new Promise((resolve) => setTimeout(resolve, 1));
  process.exitCode = 0;
  return { file, passed, total, skipped, failures, rss: process.memoryUsage.rss() };
}

process.on('message', (file: string) => {
  void runFile(file).then((result) => process.send?.(result));
});

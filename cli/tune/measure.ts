/** Times one function of a generated module in a process of its own: engines remember what they saw of the one before. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { javascriptOf } from '../../compiler/index.ts';

const run = promisify(execFile);
/** What runs in the process: beside this file in a package, still TypeScript in a clone. */
const built = fileURLToPath(new URL('./worker.js', import.meta.url));
const source = fileURLToPath(new URL('./worker.ts', import.meta.url));
const LIMIT_MS = 60_000;

/**
 * The time of one call, warm.
 * @param text of the module, TypeScript
 * @param name which of its functions
 * @param folder where the module may lie while it runs
 * @param ms how long to warm up, and how long to measure
 * @returns microseconds; Infinity if it takes longer than a minute
 */
export async function measureFunction(text: string, name: string, folder: string, ms: number): Promise<number> {
  const path = join(folder, 'candidate.mjs');
  writeFileSync(path, javascriptOf(text));
  const worker = existsSync(built) ? built : join(folder, 'worker.mjs');
  if (!existsSync(worker)) writeFileSync(worker, javascriptOf(readFileSync(source, 'utf8')));
  try {
    const { stdout } = await run(process.execPath, [worker, path, name, String(ms)], { timeout: LIMIT_MS, killSignal: 'SIGKILL' });
    return Number(stdout);
  } catch (error) {
    if ((error as { killed?: boolean }).killed) return Infinity;
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

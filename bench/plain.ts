/**
 * Plain Node processes to time in. The TypeScript loader detaches an ArrayBuffer, after which V8 tests every access to every typed
 * array of the process, and a bundler makes `var` of constants, which are none to V8 then. So what is timed is made JavaScript file
 * by file and run without a loader.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ts } from 'ts-morph';
import { javascriptOf } from '../compiler/index.ts';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('..', import.meta.url));

/** TypeScript files as plain modules in a folder, which gets the folders of the repository. */
export class PlainModules {
  readonly #folder: string;
  readonly #made = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes a module of a file, and of each file that it imports. @returns where it lies */
  add(file: string): string {
    const path = join(this.#folder, relative(root, file).replace(/ts$/, 'js'));
    if (this.#made.has(file)) return path;
    this.#made.add(file);
    const text = javascriptOf(readFileSync(file, 'utf8'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) this.add(resolve(dirname(file), fileName.replace(/js$/, 'ts')));
    }
    return path;
  }
}

/**
 * Runs a plain module in a process of its own, without what the environment would load into it.
 * @param v8 flags for it, without their dashes
 * @returns the JSON that it prints
 */
export async function runPlain(script: string, args: readonly string[], v8: readonly string[] = []): Promise<unknown> {
  const { stdout } = await run(process.execPath, [...v8.map((flag) => `--${flag}`), script, ...args], { timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } });
  return JSON.parse(stdout);
}

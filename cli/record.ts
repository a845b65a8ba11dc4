/**
 * What a build remembers of the last one, so that a kernel of which nothing has changed is not compiled again. Of each kernel it
 * keeps a proof: one hash over this compiler, the request, every spec that was read and the files that were made. The files
 * themselves are those on the disk. A record that is old, damaged or edited, or a file that someone has touched, gives another hash,
 * and the kernel is compiled; nothing in the record is believed. `check` compiles everything in any case.
 *
 * It lies in `node_modules/.cache`, where tools keep what may be thrown away; where no folder above the build file has
 * `node_modules`, nothing is remembered.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CompiledKernel, GeneratedFile } from '../compiler/build/build.ts';
import { readIfThere } from './files.ts';
import { compilerHash } from './fingerprint.ts';
import { keyOf, noting, type EntryRequest, type Place } from './sources.ts';

/** A kernel in the record. */
interface Remembered {
  readonly name: string;
  /** Other specs that were asked for. */
  readonly loaded: readonly string[];
  /** Names without folders. */
  readonly files: readonly string[];
  readonly proof: string;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

export class BuildRecord {
  readonly #out: string;
  readonly #path: string | undefined;
  readonly #compiler: string;
  readonly #last: Readonly<Record<string, unknown>>;
  readonly #recalled = new Map<string, CompiledKernel | undefined>();
  readonly #next = new Map<string, Remembered>();

  /** @param out the folder that is written to */
  constructor(place: Place, out: string) {
    this.#out = out;
    this.#path = recordPath(place, out);
    this.#compiler = this.#path === undefined ? '' : compilerHash();
    this.#last = this.#path === undefined ? {} : readRecord(this.#path);
  }

  /** The kernel as it lies on the disk, if compiling the request would give the same. */
  recall(request: EntryRequest): CompiledKernel | undefined {
    const key = hash(keyOf(request));
    if (!this.#recalled.has(key)) this.#recalled.set(key, this.#look(key, request));
    return this.#recalled.get(key);
  }

  #look(key: string, request: EntryRequest): CompiledKernel | undefined {
    const old = this.#last[key];
    if (!isRemembered(old)) return undefined;
    const files: GeneratedFile[] = [];
    for (const path of old.files) {
      const text = readIfThere(join(this.#out, path));
      if (text === undefined) return undefined;
      files.push({ path, text });
    }
    if (this.#proof(request, old.name, old.loaded, files) !== old.proof) return undefined;
    this.#next.set(key, old);
    return { name: old.name, files };
  }

  /** Compiles a request and remembers what came of it. */
  compile<K extends CompiledKernel>(request: EntryRequest, compile: (request: EntryRequest) => K): K {
    const noted = noting(request);
    const compiled = compile(noted.request);
    const { name, files } = compiled;
    const loaded = [...noted.loaded.keys()];
    this.#next.set(hash(keyOf(request)), { name, loaded, files: files.map((f) => f.path), proof: this.#proof(request, name, loaded, files) });
    return compiled;
  }

  /** Keeps what this build used or made, and forgets the rest. A folder that cannot be written to costs time, nothing else. */
  save(): void {
    if (this.#path === undefined) return;
    const text = JSON.stringify(Object.fromEntries(this.#next), undefined, 1);
    if (text === JSON.stringify(this.#last, undefined, 1)) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      const temporary = `${this.#path}.${process.pid}.tmp`;
      writeFileSync(temporary, text);
      renameSync(temporary, this.#path);
    } catch {
      // The next build compiles again.
    }
  }

  #proof(request: EntryRequest, name: string, loaded: readonly string[], files: readonly GeneratedFile[]): string {
    const specs = loaded.map((layer) => {
      const source = request.load(layer);
      return [layer, source?.path, source?.text];
    });
    return hash(JSON.stringify([this.#compiler, keyOf(request), [...request.answers(name)], [...request.answers(`${name}.wasm`)], specs, name, files.map((f) => [f.path, f.text])]));
  }
}

function recordPath({ buildFile, folder }: Place, out: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules'))) return join(at, 'node_modules/.cache/kernelwright', `${hash(`${buildFile}\n${out}`).slice(0, 16)}.json`);
    if (dirname(at) === at) return undefined;
  }
}

/** By the hash of what was asked for; empty where there is none, or what is there is no record. */
function readRecord(path: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof parsed === 'object' && parsed !== null ? parsed as Readonly<Record<string, unknown>> : {};
  } catch {
    return {};
  }
}

function isRemembered(value: unknown): value is Remembered {
  const { name, loaded, files, proof } = (value ?? {}) as Partial<Record<keyof Remembered, unknown>>;
  const areNames = (list: unknown): boolean => Array.isArray(list) && list.every((x) => typeof x === 'string' && /^[\w.-]+$/.test(x));
  return typeof name === 'string' && typeof proof === 'string' && areNames(loaded) && areNames(files);
}

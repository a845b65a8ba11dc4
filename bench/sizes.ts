/** What pages that use kernels weigh, against the limits of bench/sizes.yaml: bundled by rollup, minified by esbuild, gzipped. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rollup, type Plugin } from 'rollup';
import esbuild, { minify } from 'rollup-plugin-esbuild';
import { parse } from 'yaml';
import { makeProject } from '../cli/output.ts';
import { compileEntry } from '../cli/project.ts';
import { findProject, openSources, outputFolder } from '../cli/sources.ts';
import { openTerminal } from '../cli/terminal.ts';

export interface Page {
  readonly name: string;
  /** Bytes, minified and gzipped. */
  readonly limit: number;
  /** A build file, whose modules `code` imports from `kernels/`. */
  readonly kernels?: string;
  /** What stands in for the targets of the build file. */
  readonly target?: 'ts' | 'wasm';
  readonly code: string;
}

export interface Size {
  readonly name: string;
  readonly limit: number;
  readonly minified: number;
  readonly bytes: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** The pages of bench/sizes.yaml. */
export const pages = (): readonly Page[] => parse(readFileSync(join(root, 'bench/sizes.yaml'), 'utf8')) as readonly Page[];

/** Measures the pages one after another; a build file that several use is compiled once. */
export async function measureSizes(list: readonly Page[]): Promise<Size[]> {
  const built = new Map<string, ReadonlyMap<string, string>>();
  const sizes: Size[] = [];
  for (const page of list) {
    const key = `${page.kernels} ${page.target}`;
    if (page.kernels !== undefined && !built.has(key)) built.set(key, compile(page.kernels, page.target));
    const code = await bundle(page.code, built.get(key) ?? new Map());
    sizes.push({ name: page.name, limit: page.limit, minified: Buffer.byteLength(code), bytes: gzipSync(code, { level: 9 }).length });
  }
  return sizes;
}

/** How much a page is over its limit, in words; undefined if it is not. */
export const excess = (s: Size): string | undefined => (s.bytes <= s.limit ? undefined
  : `${s.name}: ${s.bytes} bytes, ${s.bytes - s.limit} more than its limit of ${s.limit}`);

/** The modules of a build file, by file name. */
export function compile(buildFile: string, target: Page['target']): Map<string, string> {
  const sources = openSources(findProject(join(root, buildFile)), target);
  const { build } = makeProject(sources, outputFolder(sources, undefined), openTerminal(true, true), compileEntry);
  return new Map(build.files.map((f) => [f.path, f.text]));
}

async function bundle(code: string, kernels: ReadonlyMap<string, string>): Promise<string> {
  const PAGE = join(root, 'page.ts');
  const inMemory: Plugin = {
    name: 'in-memory',
    resolveId(id, importer) {
      if (importer === undefined) return PAGE;
      if (id.startsWith('kernels/')) return join(root, id);
      const path = id.startsWith('.') ? join(importer, '..', id) : join(root, id);
      return existsSync(path) ? path : null;
    },
    load(id) {
      if (id === PAGE) return code;
      return id.startsWith(join(root, 'kernels/')) ? kernels.get(id.slice(join(root, 'kernels/').length)) ?? null : null;
    },
  };
  const made = await rollup({
    input: PAGE, plugins: [inMemory, esbuild({ target: 'es2022' }), minify({ treeShaking: true })],
    onwarn: (warning) => { throw new Error(warning.message); },
  });
  const { output } = await made.generate({ format: 'es' });
  await made.close();
  return output[0].code;
}

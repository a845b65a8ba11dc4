/**
 * `npm run test:browser`: generated kernels in Chromium, with and without leave to compile WebAssembly. Debian has it as the
 * package `chromium`; another one goes by the environment variable CHROMIUM. Skipped, with a line that says so, where there is none.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { compileKernel, javascriptOf } from '../../compiler/index.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import { load } from '../specs/load.ts';
import { measure, type Both, type Results } from './page.ts';
import { serve } from './server.ts';

const KERNELS: readonly { layer: string; sizes: Record<string, number>; options?: Record<string, number> }[] = [
  { layer: 'conv2d', sizes: { N: 2, C: 4, H: 12, W: 12, F: 8, HH: 3, WW: 3 }, options: { pad: 1 } },
  { layer: 'affine', sizes: { N: 16, D: 64, M: 48 } },
  { layer: 'layernorm', sizes: { N: 4, D: 16 } },
  { layer: 'spatial_batchnorm', sizes: { N: 2, C: 4, H: 5, W: 7 } },
  { layer: 'maxpool2d', sizes: { N: 2, C: 3, H: 8, W: 8 } },
  { layer: 'dropout', sizes: { N: 5, D: 33 } },
];
const POLICIES = [
  { policy: "script-src 'self' 'wasm-unsafe-eval'", canRun: true },
  { policy: "script-src 'self'", canRun: false },
];
/** Of the size of the largest number: sums in lanes of floats. */
const TOLERANCE = 2e-6;

const run = promisify(execFile);
const chromium = process.env['CHROMIUM'] ?? 'chromium';

/** The modules of all kernels, by path, and the page's own script. */
function compile(): Map<string, string> {
  const files = new Map<string, string>();
  for (const { layer, ...request } of KERNELS) {
    const made = compileKernel({ ...request, source: load(layer)!, load, name: layer, target: ['ts', 'wasm'] });
    for (const f of made.files) if (!f.path.includes('.test.')) files.set(`/${f.path.replace(/ts$/, 'js')}`, javascriptOf(f.text));
  }
  const imports = KERNELS.map(({ layer }) => `import * as ${layer}_plain from './${layer}.js';\nimport * as ${layer}_any from './${layer}.any.js';`);
  const both = KERNELS.map(({ layer }) => `${layer}: { plain: ${layer}_plain, any: ${layer}_any }`);
  return files.set('/page.js', [...imports, "import { show } from '/test/browser/page.js';", `show({ ${both.join(', ')} });`].join('\n'));
}

/** What Node makes of the same modules. */
async function inNode(files: ReadonlyMap<string, string>, folder: string): Promise<Record<string, Results>> {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [path, text] of files) if (path !== '/page.js') writeFileSync(join(folder, path), text);
  const from = (file: string): Promise<Kernel> => import(pathToFileURL(join(folder, file)).href) as Promise<Kernel>;
  const kernels: Record<string, Both> = {};
  for (const { layer } of KERNELS) kernels[layer] = { plain: await from(`${layer}.js`), any: await from(`${layer}.any.js`) };
  return measure(kernels);
}

/** What a page in Chromium makes of them. */
async function inChromium(files: ReadonlyMap<string, string>, policy: string, folder: string): Promise<Record<string, Results>> {
  const server = await serve(files, policy);
  try {
    const { stdout } = await run(chromium, [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync',
      '--disable-component-update', `--user-data-dir=${join(folder, 'profile')}`, '--virtual-time-budget=10000', '--dump-dom', `http://127.0.0.1:${server.port}/`,
    ], { encoding: 'utf8', maxBuffer: 1e8, timeout: 120_000 });
    const text = /<body>([^]*)<\/body>/.exec(stdout)?.[1]?.trim() ?? '';
    if (!text.startsWith('{')) throw new Error(`the page shows no results: ${stdout.slice(0, 2000)}`);
    return JSON.parse(text) as Record<string, Results>;
  } finally {
    server.close();
  }
}

/** The largest difference, as a share of the largest number. */
function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length || a.length === 0) return Infinity;
  const scale = a.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  return a.reduce((max, v, i) => Math.max(max, Math.abs(v - b[i]!)), 0) / scale;
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.length > 0 && a.every((v, i) => v === b[i]);

/** What is wrong with the results of one kernel, in words. */
function problems(name: string, got: Results | undefined, want: Results, canRun: boolean): string[] {
  if (!got) return [`${name}: no results`];
  const say = (ok: boolean, text: string): string[] => (ok ? [] : [`${name}: ${text}`]);
  const far = distance(want.plain, got.any);
  return [
    ...say(got.canRun === canRun, `canRun() is ${got.canRun}`),
    ...say(same(got.plain, want.plain), 'TypeScript gives other bits than in Node'),
    ...say(far <= TOLERANCE, `off by ${far} of the largest number`),
    ...say(same(got.arena, got.any), 'an arena gives other bits than arrays from elsewhere'),
    ...say(canRun || same(got.any, got.plain), 'not the bits of TypeScript, which should run'),
  ];
}

async function main(): Promise<void> {
  const version = await run(chromium, ['--version', '--no-sandbox']).then(({ stdout }) => stdout.trim(), () => undefined);
  if (version === undefined) return console.log(`skipped: no \`${chromium}\` here (apt-get install chromium, or set CHROMIUM)`);
  const folder = mkdtempSync(join(tmpdir(), 'kernelwright-browser-'));
  let failed = 0;
  try {
    const files = compile();
    const want = await inNode(files, folder);
    for (const { policy, canRun } of POLICIES) {
      const got = await inChromium(files, policy, folder);
      const wrong = 'error' in got ? [String(got['error'])] : KERNELS.flatMap(({ layer }) => problems(layer, got[layer], want[layer]!, canRun));
      console.log(`${wrong.length > 0 ? 'FAIL' : ' ok '} ${version}, ${policy}: ${KERNELS.length} kernels, ${canRun ? 'WebAssembly' : 'TypeScript'}`);
      for (const line of wrong) console.log(`     ${line}`);
      failed += wrong.length;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

await main();

/** What a page downloads: our kernels and the peers, bundled and minified by esbuild, then gzipped. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { folder } from './install.ts';
import type { OurKernel } from './ours.ts';
import type { Bundle } from './report.ts';

interface PeerBundle {
  readonly peer: string;
  /** A module that uses what the workloads use, and no more. */
  readonly source: string;
  /** What it loads at run time, below node_modules. */
  readonly loads: readonly string[];
}

const tfjs = (backend: string): string => [
  'export { add, batchNorm, conv2d, dropout, fused, maxPool, moments, mul, rsqrt, sub, tensor, tidy, valueAndGrads } from \'@tensorflow/tfjs-core\';',
  'import \'@tensorflow/tfjs-core/dist/register_all_gradients.js\';',
  `import '@tensorflow/tfjs-backend-${backend}';`,
].join('\n');

const bundles: readonly PeerBundle[] = [
  { peer: 'tfjs-cpu', source: tfjs('cpu'), loads: [] },
  { peer: 'convnetjs', source: 'export { default } from \'convnetjs\';', loads: [] },
  { peer: 'tfjs-wasm', source: tfjs('wasm'), loads: ['@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm'] },
  {
    peer: 'ort-web', source: 'export { InferenceSession, Tensor, env } from \'onnxruntime-web/wasm\';',
    loads: ['onnxruntime-web/dist/ort-wasm-simd-threaded.wasm'],
  },
  { peer: 'jax-js', source: 'export { blockUntilReady, defaultDevice, init, jit, lax, numpy, random, vjp } from \'@jax-js/jax\';', loads: [] },
];

/** One kernel of each layer, all of those together in both targets, and the peers. Empty if the bundler is not installed. */
export async function measureBundles(kernels: readonly OurKernel[], peers: readonly string[]): Promise<Bundle[]> {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (!esbuild) return [];
  const bundle = async (source: string): Promise<number> => {
    const built = await esbuild.build({
      stdin: { contents: source, resolveDir: folder }, bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022',
      mainFields: ['browser', 'module', 'main'], write: false, logLevel: 'silent',
    });
    return gzip(built.outputFiles[0]!.contents);
  };
  // Staged backwards and other modes are left to tree-shaking.
  const use = (name: string, file: string): string => {
    const text = readFileSync(file, 'utf8');
    const functions = ['forward', 'backward'].map((stem) => (text.includes(`export function ${stem}Train(`) ? `${stem}Train` : stem));
    return `export { createCache as ${name}_cache, ${functions.map((f) => `${f} as ${name}_${f}`).join(', ')} } from ${JSON.stringify(file)};`;
  };
  const chosen = firstOfEachLayer(kernels);
  const ours: Bundle[] = [];
  const all = async (what: string, sources: readonly string[]): Promise<void> => {
    if (sources.length > 1) ours.push({ what, bytes: await bundle(sources.join('\n')) });
  };
  for (const { name, file } of chosen) ours.push({ what: `ours: ${name}`, bytes: await bundle(use(name, file)) });
  await all('ours: all of these', chosen.map(({ name, file }) => use(name, file)));
  await all('ours: all of these in WebAssembly', chosen.map(({ name, wasm }) => use(name, wasm)));
  const theirs: Bundle[] = [];
  for (const { peer, source, loads } of bundles.filter((each) => peers.includes(each.peer))) {
    const files = loads.map((file) => join(folder, 'node_modules', file)).filter((file) => existsSync(file));
    theirs.push({ what: peer, bytes: await bundle(source) + files.reduce((n, file) => n + gzip(readFileSync(file)), 0) });
  }
  return [...ours, ...theirs];
}

function firstOfEachLayer(kernels: readonly OurKernel[]): OurKernel[] {
  const layer = (name: string): string => name.replace(/_[\dx]+(_.*)?$/, '');
  return kernels.filter(({ name }, n) => kernels.findIndex((other) => layer(other.name) === layer(name)) === n);
}

const gzip = (data: Uint8Array): number => gzipSync(data, { level: 9 }).length;

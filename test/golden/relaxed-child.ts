/**
 * What relaxed.test.ts runs in a process that may have relaxed SIMD: golden cases and larger kernels, where products are added
 * in one rounding if the engine can. Prints what it found as JSON.
 */
import { exceptionsOf } from './exceptions.ts';
import { kernelOf } from './kernels.ts';
import { readReference } from './reference.ts';
import { runAny } from './run.ts';
import { importText, textsOf, type Kernel, type Subject } from '../phases/6-emit/load-kernel.ts';

export interface Found {
  /** Whether the engine takes relaxed SIMD. */
  readonly able: boolean;
  /** How many golden cases ran, and what disagrees. */
  readonly cases: number;
  readonly wrong: readonly string[];
  /** The larger kernels: whether the module may fuse, whether its bits are those of the plain body, how far it is from TypeScript. */
  readonly kernels: readonly { readonly name: string; readonly mayFuse: boolean; readonly isPlain: boolean; readonly error: number }[];
}

/** A function that drops what a relaxed multiply-add gives. */
const PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 0, 0xfd, 0x85, 2, 0x1a, 0x0b);

const KERNELS: readonly Subject[] = [
  { spec: 'conv2d', sizes: { N: 2, C: 8, H: 16, W: 16, F: 16, HH: 3, WW: 3 }, options: { pad: 1 } },
  { spec: 'conv2d', sizes: { N: 2, C: 3, H: 15, W: 17, F: 8, HH: 5, WW: 5 }, options: { stride: 2, pad: 2 } },
  { spec: 'affine', sizes: { N: 16, D: 64, M: 48 } },
];

const engine = (globalThis as unknown as { WebAssembly: { validate: (bytes: Uint8Array) => boolean } }).WebAssembly;

/** All that a kernel writes, forward and backward. */
function results(k: Kernel): Readonly<Record<string, Float32Array>> {
  const arrays = Object.fromEntries(Object.entries(k.spec.tensors).map(([name, t]) =>
    [name, Float32Array.from({ length: t.shape.reduce((x, y) => x * y, 1) }, (_, i) => Math.sin(i * 1.7 + name.length))]));
  const cache = k['createCache']!();
  for (const name of ['forward', 'backward']) k[name]!(...k.spec.arguments[name]!.map((a) => (a === 'cache' ? cache : arrays[a])));
  return arrays;
}

/** The largest difference, as a share of the largest number of its array. */
function distance(a: Readonly<Record<string, Float32Array>>, b: Readonly<Record<string, Float32Array>>): number {
  return Math.max(...Object.entries(a).map(([name, array]) => {
    const other = b[name]!;
    const scale = array.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    return array.reduce((max, v, i) => Math.max(max, Math.abs(v - other[i]!)), 0) / scale;
  }));
}

async function kernel(s: Subject): Promise<Found['kernels'][number]> {
  const text = textsOf({ ...s, target: 'wasm' }).module;
  const made = results(await importText(text));
  const { validate } = engine;
  engine.validate = () => false;
  const plain = results(await importText(`${text}\n// without relaxed SIMD`));
  engine.validate = validate;
  return {
    name: s.spec, mayFuse: text.includes('WebAssembly.validate'), isPlain: distance(made, plain) === 0,
    error: distance(results(await importText(textsOf({ ...s, target: 'ts' }).module)), made),
  };
}

const wrong: string[] = [];
const cases = readReference('golden').cases.filter((c) => /conv|affine/.test(c.layer));
for (const c of cases) {
  wrong.push(...await runAny(c, { make: (request) => kernelOf({ ...request, target: 'wasm' }), dtype: 'f32', rtol: 2e-6 }, exceptionsOf(c)));
}
const kernels = [];
for (const s of KERNELS) kernels.push(await kernel(s));
console.log(JSON.stringify({ able: engine.validate(PROBE), cases: cases.length, wrong, kernels } satisfies Found));

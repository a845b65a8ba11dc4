/**
 * A workload as the peers get it: a kernel's sizes and options, random arrays for everything it reads, and what our kernel
 * makes of them. Arrays are in our layout, NCHW and row-major; a peer lays them out anew where its own differs.
 */
import { createArena } from '../../runtime/index.ts';
import type { Kernel } from './kernel.ts';
import { modeNames } from './kernel.ts';

export type Results = Readonly<Record<string, ArrayLike<number>>>;

export interface Workload {
  readonly name: string;
  readonly layer: string;
  readonly label: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Inputs, parameters, state and upstream gradients, by name. Nobody writes to them but our kernel to its state. */
  readonly arrays: Readonly<Record<string, Float32Array>>;
  readonly params: readonly string[];
  /** What our kernel gives: outputs and gradients. */
  readonly expected: Results;
  /** Whether the layer draws random numbers: then each peer draws its own, and results agree only in law. */
  readonly random: boolean;
}

/** Our functions over a workload's arrays, ready to call. */
export interface Ours {
  readonly workload: Workload;
  readonly plain: { readonly forward: () => void; readonly backward: () => void };
  readonly bound?: { readonly forward: () => void; readonly backward: () => void };
}

type Call = (...args: readonly unknown[]) => void;

/** Arguments that change from call to call, which functions over bound arrays still take. */
const SCALARS: readonly string[] = ['seed', 'step'];

export function prepareOurs(name: string, kernel: Kernel): Ours {
  const { spec } = kernel;
  const draw = normal(1);
  const { cache, ...arrays } = arraysOf(kernel);
  for (const [tensor, { role, init }] of Object.entries(spec.tensors)) {
    const array = arrays[tensor]!;
    if (role === 'state') array.fill(init ?? 0);
    else if (role !== 'output' && role !== 'gradient') array.forEach((_, n) => { array[n] = draw(); });
  }
  const values: Record<string, unknown> = { ...arrays, cache, seed: 1, step: 0 };
  const names = modeNames(spec);
  const call = (f: string): (() => void) => {
    const args = spec.arguments[f]!.map((argument) => values[argument]);
    return () => (kernel[f] as Call)(...args);
  };
  const plain = { forward: call(names.forward), backward: call(names.backward) };
  plain.forward();
  plain.backward();
  const ofRole = (...roles: string[]): string[] => Object.keys(spec.tensors).filter((t) => roles.includes(spec.tensors[t]!.role));
  const pick = (tensors: readonly string[]): Record<string, Float32Array> => Object.fromEntries(tensors.map((t) => [t, arrays[t]!.slice()]));
  const workload: Workload = {
    name, layer: spec.layer, label: labelOf(name, spec), sizes: spec.sizes, options: spec.options,
    shapes: Object.fromEntries(Object.entries(spec.tensors).map(([t, { shape }]) => [t, shape])),
    arrays: pick(ofRole('input', 'param', 'state', 'upstream')),
    params: ofRole('param'),
    expected: pick(ofRole('output', 'gradient')),
    random: Object.keys(spec.random ?? {}).length > 0,
  };
  const bound = kernel.bind?.(values);
  const boundCall = (f: string): (() => void) => {
    const scalars = spec.arguments[f]!.filter((argument) => SCALARS.includes(argument)).map((argument) => values[argument]);
    return scalars.length === 0 ? bound![f]! as () => void : () => bound![f]!(...scalars);
  };
  return { workload, plain, ...(bound ? { bound: { forward: boundCall(names.forward), backward: boundCall(names.backward) } } : {}) };
}

interface Arrays {
  readonly [tensor: string]: Float32Array;
}

/** Arrays of a kernel and its cache: in WebAssembly those that it works on in place, else each by itself. */
function arraysOf(kernel: Kernel): Arrays & { readonly cache: object } {
  if (kernel.spec.target === 'wasm') return createArena(kernel).buffers[0] as unknown as Arrays & { readonly cache: object };
  const tensors = Object.entries(kernel.spec.tensors).map(([name, { shape }]) => [name, new Float32Array(count(shape))] as const);
  return { ...Object.fromEntries(tensors), cache: kernel.createCache() } as Arrays & { readonly cache: object };
}

export const count = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** `64×512` as in the kernel's name, and the stride and padding where they are not 1 and 0. */
function labelOf(name: string, { sizes, options }: Kernel['spec']): string {
  const shown = ([option, usual]: readonly [string, number]): string[] =>
    (options[option] === undefined || options[option] === usual ? [] : [`${option} ${options[option]}`]);
  const pooled = options['pool_height'] === undefined ? [['stride', 1], ['pad', 0]] as const : [];
  const inName = /_(\d+(?:x\d+)*)$/.exec(name)?.[1]?.replaceAll('x', '×');
  return [inName ?? Object.values(sizes).join('×'), ...pooled.flatMap(shown)].join(' ');
}

/** Standard normal numbers, the same in every run: Box and Muller over mulberry32. */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

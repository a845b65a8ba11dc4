/** `export const spec`: what a module is, so that a runtime, a test or a benchmark can call it without knowing it. */
import type { CodeBlockWriter } from 'ts-morph';
import type { Derived } from '../../../ir/derived.ts';
import type { LoopNest } from '../../../ir/loop.ts';
import type { Tensor } from '../../../ir/tensor.ts';
import { BYTES, shapeOf, type Field, type FunctionShape } from './interface.ts';
import { property, quoted } from './text.ts';

type Data = string | number | boolean | readonly Data[] | { readonly [key: string]: Data };

export interface Metadata {
  readonly derived: Derived;
  readonly functions: readonly FunctionShape[];
  readonly fields: readonly Field[];
  readonly nests: readonly LoopNest[];
  readonly accumulate: boolean;
  readonly buffers: 'caller' | 'module';
  /** How much scratch WebAssembly wants, and whether others may use it between calls. Absent: the loops are TypeScript. */
  readonly scratchIn?: { readonly bytes: number; readonly isShared: boolean };
}

export function specData(m: Metadata): Data {
  const { layer } = m.derived;
  const inModule = m.buffers === 'module';
  return {
    layer: layer.name,
    sizes: Object.fromEntries([...layer.givenAxes, ...layer.derivedAxes].map((a) => [a, layer.env.sizes.get(a)!])),
    options: Object.fromEntries(layer.env.options),
    target: m.scratchIn ? 'wasm' : 'ts',
    dtype: layer.dtype,
    modes: layer.modes.flatMap((x) => (x.mode ? [x.mode] : [])),
    tensors: Object.fromEntries(tensorsOf(m).map((t) => [t.name, tensorData(t, m.derived)])),
    random: Object.fromEntries(layer.random.map((t) => [t.name, { shape: shapeOf(t, m.derived), uniform: t.uniform ?? [0, 1] }])),
    cache: Object.fromEntries(m.fields.map((f) => [f.name, { shape: f.shape, dtype: f.elem, ...(f.held ? { held: true } : {}) }])),
    arguments: Object.fromEntries(m.functions.map((f) => [f.name, f.arguments.flatMap((a) =>
      (a.kind === 'tensor' ? (inModule ? [] : [a.tensor.name]) : a.kind === 'cache' && inModule ? [] : [a.kind]))])),
    gradients: m.accumulate ? 'added' : 'written',
    buffers: m.buffers,
    ...(m.scratchIn ? { scratch: m.scratchIn.isShared ? 'shared' : 'own' } : {}),
    flops: Object.fromEntries(m.nests.map((n) => [n.name, n.flops])),
    bytes: {
      cache: m.fields.reduce((sum, f) => sum + (f.held ? 0 : count(f.shape) * BYTES[f.elem]), 0),
      scratch: m.scratchIn?.bytes ?? scratchBytes(m.nests),
      ...Object.fromEntries(m.functions.map((f) => [f.name, f.arguments.reduce((sum, a) =>
        sum + (a.kind === 'tensor' && a.access !== 'unused' ? count(shapeOf(a.tensor, m.derived)) * BYTES[a.tensor.dtype] : 0), 0)])),
    },
  };
}

const count = (shape: readonly number[]): number => shape.reduce((n, s) => n * s, 1);

function scratchBytes(nests: readonly LoopNest[]): number {
  const buffers = new Map(nests.flatMap((n) => n.buffers.filter((b) => b.role === 'scratch').map((b) => [b.name, b.length * BYTES[b.elem]])));
  return [...buffers.values()].reduce((a, b) => a + b, 0);
}

/** Every tensor that is an argument of some function, each once. */
export function tensorsOf(m: Pick<Metadata, 'functions'>): Tensor[] {
  const out = new Map<string, Tensor>();
  for (const f of m.functions) for (const a of f.arguments) if (a.kind === 'tensor' && !out.has(a.tensor.name)) out.set(a.tensor.name, a.tensor);
  return [...out.values()];
}

function tensorData(t: Tensor, derived: Derived): Data {
  return {
    role: t.role, shape: shapeOf(t, derived), dtype: t.dtype,
    axes: t.slots.map((s) => s.join(' ')),
    ...(t.init === undefined ? {} : { init: t.init }),
  };
}

const isPlain = (d: Data): boolean => typeof d !== 'object';

/** Data as source: short lists and records on one line. */
export function writeData(w: CodeBlockWriter, d: Data): void {
  const short = shortText(d);
  if (short !== undefined && short.length <= 100) return void w.write(short);
  if (Array.isArray(d)) {
    w.write('[').newLine().indent(() => { for (const x of d as readonly Data[]) { writeData(w, x); w.write(',').newLine(); } }).write(']');
    return;
  }
  w.write('{').newLine().indent(() => {
    for (const [key, value] of Object.entries(d as Record<string, Data>)) {
      w.write(`${property(key)}: `);
      writeData(w, value);
      w.write(',').newLine();
    }
  }).write('}');
}

function shortText(d: Data): string | undefined {
  if (typeof d === 'string') return quoted(d);
  if (isPlain(d)) return Object.is(d, -0) ? '-0' : String(d);
  if (Array.isArray(d)) return `[${(d as readonly Data[]).map(shortText).join(', ')}]`;
  const entries = Object.entries(d as Record<string, Data>).map(([k, v]) => `${property(k)}: ${shortText(v)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/**
 * What a module exports: its functions, their arguments in the order of the contract, and the fields of its cache.
 * forward: inputs, parameters, state, [seed, step], outputs, cache. backward: upstream gradients, the parameters and
 * integer inputs that it reads, [seed, step], cache, the gradients it writes.
 */
import { cacheField, type Derived, type DerivedMode } from '../../../ir/derived.ts';
import type { Buffer } from '../../../ir/loop.ts';
import type { Program, Tensor } from '../../../ir/tensor.ts';
import { readsOf } from '../../../ir/expr.ts';
import { sizeOf } from '../../../ir/affine.ts';

export type Argument =
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly access: 'read' | 'written' | 'updated' | 'unused' }
  | { readonly kind: 'seed' | 'step' | 'cache' };

export interface FunctionShape {
  readonly name: string;
  readonly pass: 'forward' | 'backward';
  readonly program: Program;
  readonly mode: DerivedMode;
  readonly staged: boolean;
  readonly arguments: readonly Argument[];
}

/** Every function of a module, forward first. */
export function functionsOf(derived: Derived, staged: boolean): FunctionShape[] {
  const out: FunctionShape[] = [];
  const suffix = (m: DerivedMode): string => (m.mode === undefined ? '' : m.mode === 'train' ? 'Train' : 'Test');
  for (const mode of derived.modes) {
    out.push({ name: `forward${suffix(mode)}`, pass: 'forward', program: mode.forward, mode, staged: false, arguments: forwardArguments(derived, mode) });
  }
  const plain = derived.modes.map((m) => m.backward);
  for (const mode of derived.modes) {
    out.push({ name: `backward${suffix(mode)}`, pass: 'backward', program: mode.backward, mode, staged: false,
      arguments: backwardArguments(derived, mode.backward, plain) });
  }
  if (!staged) return out;
  const all = [...plain, ...derived.modes.map((m) => m.staged)];
  for (const mode of derived.modes) {
    out.push({ name: `backward${suffix(mode)}Staged`, pass: 'backward', program: mode.staged, mode, staged: true,
      arguments: backwardArguments(derived, mode.staged, all) });
  }
  return out;
}

function forwardArguments(derived: Derived, mode: DerivedMode): Argument[] {
  const { layer } = derived;
  const read = readBy(mode.forward);
  const written = new Set(mode.forward.stores.map((s) => s.tensor.name));
  const held = new Set(derived.held.map((t) => t.name));
  const access = (t: Tensor): Argument => ({
    kind: 'tensor', tensor: t,
    access: written.has(t.name) ? (read.has(t.name) ? 'updated' : 'written') : read.has(t.name) || held.has(t.name) ? 'read' : 'unused',
  });
  return [
    ...[...layer.inputs, ...layer.params, ...layer.state].map(access),
    ...(layer.random.length > 0 ? draws : []),
    ...layer.outputs.map((t): Argument => ({ kind: 'tensor', tensor: t, access: 'written' })),
    { kind: 'cache' },
  ];
}

const draws: readonly Argument[] = [{ kind: 'seed' }, { kind: 'step' }];

/** The same arguments in both modes: what some of `programs` read. */
function backwardArguments(derived: Derived, program: Program, programs: readonly Program[]): Argument[] {
  const { layer } = derived;
  const read = new Set(programs.flatMap((p) => [...readBy(p)]));
  const own = readBy(program);
  const given = (tensors: readonly Tensor[]): Argument[] =>
    tensors.filter((t) => read.has(t.name)).map((t) => ({ kind: 'tensor', tensor: t, access: own.has(t.name) ? 'read' : 'unused' }));
  const upstream = upstreamOf(derived);
  return [
    ...upstream.map((t): Argument => ({ kind: 'tensor', tensor: t, access: own.has(t.name) ? 'read' : 'unused' })),
    ...given(layer.params), ...given(layer.inputs.filter((t) => t.dtype === 'i32')), ...given(layer.state),
    ...(layer.random.some((t) => read.has(t.name)) ? draws : []),
    { kind: 'cache' },
    ...program.stores.map((s): Argument => ({ kind: 'tensor', tensor: s.tensor, access: 'written' })),
  ];
}

/** The gradient of every output, whether or not anything reads it. */
function upstreamOf(derived: Derived): Tensor[] {
  return derived.layer.outputs.map((o) => ({ ...o, name: `d${o.name}`, role: 'upstream' }));
}

/** The tensors that the stores of a program depend on. */
function readBy(program: Program): ReadonlySet<string> {
  const out = new Set<string>(program.stores.map((s) => s.definition));
  for (const d of [...program.definitions].reverse()) {
    if (!out.has(d.name)) continue;
    if (d.formula.kind === 'hit') out.add(d.formula.of);
    for (const r of readsOf(d.formula)) out.add(r.tensor);
  }
  const tensors = new Set(program.tensors.map((t) => t.name));
  return new Set([...out].filter((name) => tensors.has(name)));
}

/** The sizes of an array's slots; composite ones multiplied out. */
export const shapeOf = (t: Tensor, derived: Derived): number[] => t.slots.map((s) => s.reduce((n, a) => n * sizeOf(derived.layer.env, a), 1));

export interface Field {
  readonly name: string;
  readonly tensor: Tensor;
  readonly shape: readonly number[];
  /** As written: `[N, (G K)]`. */
  readonly slots: readonly (readonly string[])[];
  readonly elem: Buffer['elem'];
  readonly held: boolean;
}

/** The fields of the cache, arrays before inputs held by reference. */
export function fieldsOf(derived: Derived, elemOf: (t: Tensor) => Buffer['elem']): Field[] {
  const own = derived.cache.map((t): Field => {
    const slots = t.hit?.form === 'offset' ? t.hit.of.map((a) => [a]) : t.slots;
    return { name: cacheField(t), tensor: t, slots, shape: shapeOf({ ...t, slots }, derived), elem: elemOf(t), held: false };
  });
  const held = derived.held.map((t): Field => ({ name: t.name, tensor: t, slots: t.slots, shape: shapeOf(t, derived), elem: t.dtype, held: true }));
  return [...own, ...held];
}

export const ARRAYS: Readonly<Record<Buffer['elem'], string>> = { f32: 'Float32Array', f64: 'Float64Array', i32: 'Int32Array', u8: 'Uint8Array' };
export const BYTES: Readonly<Record<Buffer['elem'], number>> = { f32: 4, f64: 8, i32: 4, u8: 1 };

/**
 * The oracle: runs a Program in doubles, one definition after the other, each over its whole space. Slow and obvious,
 * and independent of every phase, so that whatever they make of a formula can be held against it.
 *
 * Sums are taken in row-major order of the reduced axes. A read outside an array gives the tensor's `outside`; of a
 * definition, a gradient or an array of the cache it gives 0; an index that does not divide is outside.
 */
import { invariant } from '../support/invariant.ts';
import { sizeOf } from './affine.ts';
import { compile, overAll, stridesOf, type Readable, type Scope } from './evaluate.ts';
import { walk } from './expr.ts';
import { uniform } from './threefry.ts';
import type { Definition, Env, Expr, ExprOf, Program, Store, Tensor } from './tensor.ts';

export interface InterpretOptions {
  /** Of the random tensors that `inputs` does not hold; an integer from 0 to 2^53 - 1. */
  readonly seed?: number;
  readonly step?: number;
}

/**
 * Every definition by name, row-major over its axes, and every store by the name of its tensor, row-major over the
 * tensor's axes (where a store has the name of a definition, its order wins).
 *
 * @param inputs every tensor the program reads, by name, row-major; random tensors may be absent and are drawn
 * @throws RangeError where an integer tensor holds an index out of range, or an array has the wrong length
 */
export function interpret(
  program: Program, inputs: ReadonlyMap<string, ArrayLike<number>>, options: InterpretOptions = {},
): Map<string, Float64Array> {
  const arrays = new Map<string, Readable>();
  program.tensors.forEach((t) => arrays.set(t.name, given(t, program, inputs, options)));
  const scope = makeScope(program, arrays);
  const results = new Map<string, Float64Array>();
  for (const d of program.definitions) {
    const values = d.formula.kind === 'hit' ? runHit(d, d.formula, program, scope) : runDefinition(d, scope);
    arrays.set(d.name, { values, sizes: sizesOf(d.axes, program.env), outside: 0 });
    results.set(d.name, values);
  }
  const stored = program.stores.map((s) => [s.tensor.name, store(s, program, results)] as const);
  for (const [name, values] of stored) results.set(name, values);
  return results;
}

const sizesOf = (axes: readonly string[], env: Env): number[] => axes.map((axis) => sizeOf(env, axis));
const product = (sizes: readonly number[]): number => sizes.reduce((n, s) => n * s, 1);

function makeScope(program: Program, arrays: ReadonlyMap<string, Readable>): Scope {
  const places = new Map<string, number>();
  // Copies such as T' have places of their own.
  const at = new Int32Array(countAxes(program));
  return {
    env: program.env,
    at,
    place: (axis) => {
      const known = places.get(axis) ?? places.size;
      invariant(known < at.length, `more axes than were counted, at ${axis}`);
      places.set(axis, known);
      return known;
    },
    readable: (name) => {
      const found = arrays.get(name);
      invariant(found, `${name} is read before it is defined`);
      return found;
    },
    memo: new Map(),
  };
}

function countAxes(program: Program): number {
  const axes = new Set(program.env.sizes.keys());
  for (const d of program.definitions) {
    for (const axis of d.axes) axes.add(axis);
    for (const e of walk(d.formula)) if (e.kind === 'reduce') for (const axis of e.axes) axes.add(axis);
  }
  return axes.size;
}

// --------------------------------------------------------------------------------------------------------- inputs

function given(t: Tensor, program: Program, inputs: ReadonlyMap<string, ArrayLike<number>>, options: InterpretOptions): Readable {
  const sizes = sizesOf(t.axes, program.env);
  const count = product(sizes);
  const zeroOutside = t.role === 'upstream' || t.role === 'gradient' || (t.role === 'cache' && !t.held);
  const outside = t.outside ?? (zeroOutside ? 0 : undefined);
  let values = inputs.get(t.name);
  if (!values && t.role === 'random') {
    const [low, high] = t.uniform ?? [0, 1];
    const stream = t.stream ?? program.tensors.filter((u) => u.role === 'random').indexOf(t);
    values = uniform(count, low, high, { seed: options.seed ?? 0, step: options.step ?? 0, stream });
  }
  invariant(values, `no values for ${t.role} ${t.name} of ${program.name}`);
  const window = t.hit ? sizesOf(t.hit.reduced, program.env) : undefined;
  const stored = t.hit?.form === 'offset' ? count / product(window!) : count;
  if (values.length !== stored) {
    throw new RangeError(`${t.name} has ${values.length} elements, [${t.axes.join(', ')}] = [${sizes.join(', ')}] needs ${stored}`);
  }
  if (t.hit?.form === 'offset') return { values, sizes, outside, window: window! };
  if (t.hit?.ties === 'split') return { values: shareOut(values, product(window!)), sizes, outside };
  return { values, sizes, outside };
}

/** A mask of hits, each window of which adds up to 1. */
function shareOut(mask: ArrayLike<number>, window: number): Float64Array {
  const out = new Float64Array(mask.length);
  for (let start = 0; start < out.length; start += window) {
    let hits = 0;
    for (let n = start; n < start + window; n++) hits += mask[n] ? 1 : 0;
    for (let n = start; n < start + window; n++) out[n] = mask[n] ? 1 / hits : 0;
  }
  return out;
}

// ---------------------------------------------------------------------------------------------------- definitions

function runDefinition(d: Definition, scope: Scope): Float64Array {
  const values = new Float64Array(product(sizesOf(d.axes, scope.env)));
  const value = compile(d.formula, new Set(d.axes), scope);
  let n = 0;
  overAll(d.axes, scope)(() => { values[n++] = value(); });
  return values;
}

/** Which elements of each window of a max or min are its extreme ones, over the axes of y and then its window. */
function runHit(d: Definition, e: ExprOf<'hit'>, program: Program, scope: Scope): Float64Array {
  const y = reductionOf(e.of, program);
  const outer = d.axes.slice(0, d.axes.length - y.axes.length);
  const window = product(sizesOf(y.axes, scope.env));
  const value = compile(y.body, new Set(d.axes), scope);
  const values = new Float64Array(product(sizesOf(d.axes, scope.env)));
  const elements = new Float64Array(window);
  const visitWindow = overAll(d.axes.slice(outer.length), scope);
  let start = 0;
  overAll(outer, scope)(() => {
    let n = 0;
    visitWindow(() => { elements[n++] = value(); });
    const extreme = elements.reduce(y.op === 'max' ? (a, b) => Math.max(a, b) : (a, b) => Math.min(a, b));
    const isHit = (v: number): boolean => (Number.isNaN(extreme) ? Number.isNaN(v) : v === extreme);
    if (e.ties === 'first') values[start + elements.findIndex(isHit)] = 1;
    else {
      const share = e.ties === 'all' ? 1 : 1 / elements.filter(isHit).length;
      elements.forEach((v, k) => { if (isHit(v)) values[start + k] = share; });
    }
    start += window;
  });
  return values;
}

function reductionOf(name: string, program: Program): ExprOf<'reduce'> {
  const y: Expr | undefined = program.definitions.find((d) => d.name === name)?.formula;
  invariant(y?.kind === 'reduce' && (y.op === 'max' || y.op === 'min'), `hit(${name}), but ${name} is no max or min`);
  return y;
}

// --------------------------------------------------------------------------------------------------------- stores

/** The array of a store in the order of its tensor; a hit in the form in which its tensor keeps it. */
function store({ tensor, definition }: Store, program: Program, results: ReadonlyMap<string, Float64Array>): Float64Array {
  const d = program.definitions.find((x) => x.name === definition);
  const values = results.get(definition);
  invariant(d && values, `${definition} is stored, but not defined`);
  const ordered = reorder(values, d.axes, tensor.axes, program.env);
  if (!tensor.hit) return ordered;
  if (tensor.hit.form === 'mask') return ordered.map((v) => (v === 0 ? 0 : 1));
  const window = product(sizesOf(tensor.hit.reduced, program.env));
  return Float64Array.from({ length: ordered.length / window }, (_, n) => ordered.subarray(n * window, (n + 1) * window).indexOf(1));
}

/** The same array, row-major over the same axes in another order; over axes it lacks, repeated. */
function reorder(values: Float64Array, from: readonly string[], to: readonly string[], env: Env): Float64Array {
  if (from.length === to.length && from.every((axis, n) => axis === to[n])) return values;
  const strides = stridesOf(sizesOf(from, env));
  const sizes = sizesOf(to, env);
  const steps = to.map((axis) => (from.includes(axis) ? strides[from.indexOf(axis)]! : 0));
  const out = new Float64Array(product(sizes));
  const place = sizes.map(() => 0);
  for (let n = 0; n < out.length; n++) {
    out[n] = values[place.reduce((sum, p, k) => sum + p * steps[k]!, 0)]!;
    for (let k = place.length - 1; k >= 0 && ++place[k]! === sizes[k]; k--) place[k] = 0;
  }
  return out;
}

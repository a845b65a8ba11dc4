/**
 * A program that computes large results at a few random points only. A definition that is stored and that nothing else
 * reads is evaluated over an axis of samples in the place of its own axes: each axis becomes an element of a list of
 * coordinates. So the oracle can stand beside a convolution that would take it minutes in full.
 */
import { affine, axisIndex, int, sizeOf } from '../ir/affine.ts';
import { readsOf, substitute } from '../ir/expr.ts';
import type { Definition, Program, Tensor } from '../ir/tensor.ts';
import type { Random } from './data.ts';
import { pointsOf, workPerPoint } from './program.ts';

export interface Sampled {
  readonly program: Program;
  /** The coordinates: inputs of the program. */
  readonly coordinates: ReadonlyMap<string, Float64Array>;
  /** For each stored tensor that is sampled, where in it the samples stand. */
  readonly places: ReadonlyMap<string, Int32Array>;
}

/** What one definition may cost in full, what its samples may cost (a sampled index takes longer), the fewest samples. */
const MOST_WORK = 1e6;
const SAMPLED_WORK = 3e5;
const FEWEST = 24;

/** @param known where to sample which tensors; what it does not name is computed in full */
export function sample(p: Program, random: Random, known?: ReadonlyMap<string, Int32Array>): Sampled {
  const read = new Set(p.definitions.flatMap((d) => (d.formula.kind === 'hit' ? [d.formula.of] : readsOf(d.formula).map((r) => r.tensor))));
  const sizes = new Map(p.env.sizes);
  const tensors: Tensor[] = [...p.tensors];
  const coordinates = new Map<string, Float64Array>();
  const places = new Map<string, Int32Array>();
  const chosen = new Map<string, { tensor: string; axes: readonly string[] }>();
  const definitions = p.definitions.map((d): Definition => {
    const stores = p.stores.filter((s) => s.definition === d.name);
    const work = workPerPoint(d.formula, p);
    const points = pointsOf(d.axes, p);
    const store = stores[0];
    if (stores.length !== 1 || !store || read.has(d.name) || d.formula.kind === 'hit') return d;
    if (known ? !known.has(store.tensor.name) : points * work <= MOST_WORK) return d;
    if (!d.axes.every((a) => store.tensor.axes.includes(a)) || store.tensor.axes.length !== d.axes.length) return d;
    const own = known?.get(store.tensor.name) ?? pick(pointsOf(d.axes, p), Math.max(FEWEST, Math.floor(SAMPLED_WORK / work)), random);
    const axis = `sample of ${d.name}`;
    sizes.set(axis, own.length);
    places.set(store.tensor.name, own);
    const by = new Map(d.axes.map((a) => {
      const list = `${a} of ${d.name}`;
      tensors.push({ name: list, role: 'input', slots: [[axis]], axes: [axis], dtype: 'i32' });
      coordinates.set(list, coordinatesOf(own, store.tensor.axes, a, p));
      return [a, affine([{ k: int(1), variable: { kind: 'element', tensor: list, index: [axisIndex(axis)] } }])] as const;
    }));
    chosen.set(d.name, { tensor: store.tensor.name, axes: [axis] });
    return { ...d, axes: [axis], formula: substitute(d.formula, by) };
  });
  const stores = p.stores.map((s) => {
    const c = chosen.get(s.definition);
    return c ? { ...s, tensor: { ...s.tensor, axes: c.axes, slots: [c.axes] } } : s;
  });
  return { program: { ...p, env: { ...p.env, sizes }, tensors, definitions, stores }, coordinates, places };
}

/** Different places, in order. */
function pick(points: number, count: number, random: Random): Int32Array {
  if (count >= points) return Int32Array.from({ length: points }, (_, n) => n);
  const chosen = new Set<number>([0, points - 1]);
  while (chosen.size < count) chosen.add(Math.floor(random() * points));
  return Int32Array.from(chosen).sort();
}

/** The coordinate along one axis of places in a row-major array. */
function coordinatesOf(places: Int32Array, axes: readonly string[], axis: string, p: Program): Float64Array {
  const stride = axes.slice(axes.indexOf(axis) + 1).reduce((n, a) => n * sizeOf(p.env, a), 1);
  return Float64Array.from(places, (at) => Math.floor(at / stride) % sizeOf(p.env, axis));
}

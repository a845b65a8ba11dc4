/**
 * The mean of a set and the squares of what is left of it, in one pass over the set instead of two. Everything is taken less
 * the first element: with t = x - first, the mean is first + mean(t) and mean((x - mean)^2) is mean(t^2) - mean(t)^2.
 *
 * What makes mean(x^2) - mean(x)^2 worthless, a mean far larger than the spread, is gone with the shift. How far the first
 * element itself lies from the mean is bounded by the spread that it is part of: (first - mean)^2 <= N * var. So the
 * difference loses at most a factor of N + 1 of the precision of a double, whatever the data: for a million floats 2e-10.
 * Doubles have no such digits to spare, and keep their two passes.
 *
 * In lanes sums are floats, which have not either. There a rough mean comes first, a sum of floats; what is left of it is exact
 * near enough, and of that the one pass is taken: of t = x - rough, whose own mean is no more than a rounding error.
 * Whoever takes the mean from an element takes the two from it, one after the other.
 */
import { axisIndex, bareAxis, constantIndex, sizeOf, ZERO } from '../../ir/affine.ts';
import { add, binary, isConst, mul, read, select, size, sub, substitute } from '../../ir/expr.ts';
import type { Expr } from '../../ir/tensor.ts';
import type { Choices } from './choices.ts';
import { readsIn, rebuild } from './dag.ts';
import type { Item, Items, Source } from './items.ts';

/** A set of fewer elements is looked at twice without a loop. */
const LEAST_POINTS = 16;

/** A sum of squares, and the mean that is taken from each element. */
interface Spread {
  readonly squares: Item;
  readonly mean: Item;
}

/** The items, with spreads in one pass where that is chosen. */
export function spreadsInOnePass(from: Items, choices: Choices, inLanes: boolean): Items {
  const found = from.items.flatMap((item) => spreadOf(item, from) ?? []);
  const taken = found.filter(({ squares }) => {
    const [one, two] = [{ label: 'one', value: true }, { label: 'two', value: false }];
    return inLanes || choices.pick(`${from.program.name}/${squares.name}/passes`, [one, two]);
  });
  if (taken.length === 0) return from;
  const names = new Map(from.names);
  const sources = new Map(from.sources);
  const made = new Map<Item, readonly Item[]>();
  const note = (item: Item, outside?: number): Item => {
    sources.set(item.name, { ...(sources.get(item.name) ?? { name: item.name, outside }), axes: item.axes, item });
    return item;
  };
  const differences = new Map<Expr, Expr>();
  const means = new Map<Item, { readonly t: Expr; readonly mean: Expr }>();
  for (const { squares, mean } of taken) {
    const shift = means.get(mean) ?? shiftOf(mean);
    means.set(mean, shift);
    const sum = note({ ...squares, name: `%spread(${squares.name})`, body: mul(shift.t, shift.t) }, 0);
    const own = mul(shift.mean, shift.mean);
    const lost = squares.op === 'mean' ? own : mul(squares.reduced.map(size).reduce(mul), own);
    made.set(squares, [sum, note(pointwise(squares, sub(identity(sum), lost)))]);
  }

  function shiftOf(mean: Item): { t: Expr; mean: Expr } {
    const at = substitute(mean.body, new Map(mean.reduced.map((axis) => [axis, constantIndex(ZERO)])));
    const first = inLanes ? note({ ...mean, name: `%rough(${mean.name})`, wish: 'rough', float: true }, 0)
      : note({ name: `%first(${mean.name})`, axes: mean.axes, kind: 'each', reduced: [], body: at, wish: 'first' }, 0);
    if (!inLanes && !names.has(at)) names.set(at, 'first');
    const t = sub(mean.body, identity(first));
    if (!names.has(t)) names.set(t, 'shifted');
    const sum = note({ ...mean, name: `%shifted(${mean.name})`, body: t }, 0);
    const left = inLanes ? [note({ ...pointwise({ ...mean, name: `%left(${mean.name})` }, identity(sum)), wish: 'left', float: true }, 0)] : [];
    // An infinite mean leaves nothing that could be added to it.
    const both = add(identity(first), identity(sum));
    const total = inLanes ? select(binary('==', identity(sum), identity(sum)), both, identity(first)) : both;
    made.set(mean, [first, sum, ...left, note(pointwise(mean, total))]);
    if (left[0]) differences.set(sub(mean.body, identity(mean)), sub(t, identity(left[0])));
    return { t, mean: identity(sum) };
  }

  const items = from.items.flatMap((item) => made.get(item) ?? [item]).map((item) => {
    const body = rebuild(item.body, (e) => differences.get(e));
    return body === item.body ? item : note({ ...item, body });
  });
  return { ...from, items, names, sources };
}

const identity = (item: Item): Expr => read(item.name, item.axes.map(axisIndex));

/** What was a reduction, made of others at each of its points. Its label stands where the loops are. */
function pointwise({ name, axes }: Item, body: Expr): Item {
  return { name, axes, kind: 'each', reduced: [], body };
}

/** `mean[A]((u - m)^2)` or its sum, where m is `mean[A](u)`. */
function spreadOf(item: Item, { items, sources, program }: Items): Spread | undefined {
  if (item.kind !== 'reduce' || (item.op !== 'mean' && item.op !== 'sum')) return undefined;
  const root = squareRoot(item.body);
  if (root?.kind !== 'binary' || root.op !== '-') return undefined;
  const mean = [[root.a, root.b], [root.b, root.a]].map(([u, m]) => items.find((i) => isMean(i, u!, m!))).find((i) => i !== undefined);
  if (!mean || mean.axes.join() !== item.axes.join() || [...mean.reduced].sort().join() !== [...item.reduced].sort().join()) return undefined;
  const points = mean.reduced.reduce((n, axis) => n * sizeOf(program.env, axis), 1);
  return points >= LEAST_POINTS && isOfFloats(mean.body, sources) ? { squares: item, mean } : undefined;
}

const isMean = (item: Item, of: Expr, value: Expr): boolean =>
  item.kind === 'reduce' && item.op === 'mean' && item.body === of && value === identity(item);

const squareRoot = (e: Expr): Expr | undefined => {
  if (e.kind !== 'binary') return undefined;
  return e.op === '^' && isConst(e.b, 2) ? e.a : e.op === '*' && e.a === e.b ? e.a : undefined;
};

/** A formula of arrays of floats at the point itself, which can be asked for the first point as well. */
function isOfFloats(e: Expr, sources: ReadonlyMap<string, Source>): boolean {
  const reads = readsIn(e);
  return reads.length > 0 && reads.every((r) => {
    const tensor = sources.get(r.tensor)?.tensor;
    return tensor?.dtype === 'f32' && !tensor.hit && tensor.role !== 'state' && r.index.every((a) => bareAxis(a) !== undefined);
  });
}

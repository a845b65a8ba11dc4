/**
 * Neighbouring loops that every access treats alike become one: `h` and `w` of a norm, `n`, `c` and `oh` of whatever goes
 * element by element. A longer loop is entered less often and leaves a shorter rest when it is unrolled.
 */
import { affineAxes, bareAxis } from '../../ir/affine.ts';
import type { Expr } from '../../ir/tensor.ts';
import { axesOf, nodesOf, readsIn } from './dag.ts';
import { axesOfPlace } from './places.ts';
import type { Context, Info } from './space.ts';
import type { Storage } from './storage.ts';

/** Loops as runs of axes, outermost first; each run is one loop. */
export function coalesce(loops: readonly string[], infos: readonly Info[], c: Context, storage: ReadonlyMap<string, Storage>): string[][] {
  const facts = loops.length < 2 ? undefined : factsOf(infos, c, storage);
  const runs: string[][] = [];
  for (const axis of loops) {
    const last = runs.at(-1);
    if (last && facts && mayJoin(last.at(-1)!, axis, facts)) last.push(axis);
    else runs.push([axis]);
  }
  return runs;
}

interface Facts {
  /** The axes of every array that is addressed, and of every window whose offsets are counted. */
  readonly arrays: readonly (readonly string[])[];
  /** For each read, the axis that each slot runs over by itself, or undefined. */
  readonly bare: readonly (readonly (string | undefined)[])[];
  /** Axes that occur in any other way. */
  readonly fixed: ReadonlySet<string>;
}

function factsOf(infos: readonly Info[], c: Context, storage: ReadonlyMap<string, Storage>): Facts {
  const arrays: (readonly string[])[] = [];
  const bare: (string | undefined)[][] = [];
  const fixed = new Set<string>();
  for (const info of infos) {
    const { item } = info;
    for (const guard of info.guards) for (const t of guard.terms) fixed.add(t.axis);
    for (const condition of info.conditions) for (const axis of axesOf(condition)) fixed.add(axis);
    arrays.push(item.axes, item.reduced);
    if (item.store) arrays.push(item.store.hit?.form === 'offset' ? item.store.hit.of : item.store.axes);
    const own = storage.get(item.name);
    if (own) arrays.push(own.axes);
    readFacts(info.body, c, storage, { arrays, bare, fixed });
    // Places are tested, and a wrong one is named by every axis.
    for (const place of item.places ?? []) for (const axis of [place.axis, ...axesOfPlace(place)]) fixed.add(axis);
  }
  return { arrays, bare, fixed };
}

function readFacts(
  body: Expr, c: Context, storage: ReadonlyMap<string, Storage>,
  to: { arrays: (readonly string[])[]; bare: (string | undefined)[][]; fixed: Set<string> },
): void {
  for (const e of nodesOf([body])) if (e.kind === 'index') to.fixed.add(e.axis);
  for (const r of readsIn(body)) {
    const source = c.items.sources.get(r.tensor);
    if (!source) continue;
    const own = r.index.map(bareAxis);
    const moved = own.some((axis, n) => axis !== undefined && axis !== source.axes[n]);
    r.index.forEach((a, n) => {
      if (own[n] === undefined || moved) for (const axis of affineAxes(a)) to.fixed.add(axis);
    });
    to.arrays.push(storage.get(r.tensor)?.axes ?? source.axes);
    to.bare.push(own);
  }
}

/** Whether `b` always follows `a`, in every array that has one of them. */
function mayJoin(a: string, b: string, facts: Facts): boolean {
  const follows = (axes: readonly (string | undefined)[]): boolean => {
    const [at, next] = [axes.indexOf(a), axes.indexOf(b)];
    return (at < 0 && next < 0) || (at >= 0 && next === at + 1);
  };
  return !facts.fixed.has(a) && !facts.fixed.has(b) && facts.arrays.every(follows) && facts.bare.every(follows);
}

/**
 * Which results need an array. A value that all its readers meet where it was computed is a local; any other goes through
 * a scratch array in double precision, as small as the loops around it and its readers allow.
 */
import { invariant } from '../../support/invariant.ts';
import { sizeOf } from '../../ir/affine.ts';
import type { Buffer } from '../../ir/loop.ts';
import type { Scope } from '../../ir/names.ts';
import type { Tensor } from '../../ir/tensor.ts';
import type { Tree } from './group.ts';
import type { Context, Info } from './space.ts';

export interface Storage {
  readonly buffer: Buffer;
  /** The item's axes that the array has: those that are not bound around both its writer and its readers. */
  readonly axes: readonly string[];
}

/** An output and an array of the cache may have one name. */
export const bufferKey = (t: Tensor): string => (t.role === 'cache' ? `cache:${t.name}` : t.name);

interface Place {
  readonly groups: readonly Tree[];
  readonly pass: Exclude<Tree, { kind: 'group' }>;
}

/** The scratch arrays of a module. Functions take the same ones again where name, type and length agree. */
export class ScratchPool {
  buffers: readonly Buffer[] = [];
  readonly #wishes = new Map<string, Buffer[]>();
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

/**
   * An array that is not in `taken`, to which it is added. `border` says where it stays 0: such an array is shared with its
   * like alone.
   */
  take(wish: string, elem: Buffer['elem'], length: number, taken: Set<string>, { slack = 0, border }: { slack?: number; border?: string } = {}): Buffer {
    const key = `${wish}:${elem}:${length}+${slack}:${border ?? ''}`;
    const known = this.#wishes.get(key) ?? [];
    this.#wishes.set(key, known);
    let buffer = known.find((k) => !taken.has(k.name));
    if (!buffer) {
      buffer = { name: this.#scope.fresh(wish), elem, length, slack, role: 'scratch', access: 'both', ...(border === undefined ? {} : { zeroed: true }) };
      known.push(buffer);
      this.buffers = [...this.buffers, buffer];
    }
    taken.add(buffer.name);
    return buffer;
  }

  /** Makes arrays longer, by name. */
  lengthen(slack: ReadonlyMap<string, number>): void {
    this.buffers = this.buffers.map((b) => ({ ...b, slack: Math.max(b.slack, slack.get(b.name) ?? 0) }));
  }
}

/** The arrays of all items that need one, by the item's name; their names are added to `taken`. */
export function storeItems(
  trees: readonly Tree[], infos: readonly Info[], c: Context, pool: ScratchPool, taken: Set<string>,
): Map<string, Storage> {
  const places = new Map<Info, Place>();
  const visit = (t: Tree, groups: readonly Tree[]): void => {
    if (t.kind === 'group') for (const child of t.children) visit(child, [...groups, t]);
    else for (const info of t.infos) places.set(info, { groups, pass: t });
  };
  for (const t of trees) visit(t, []);

  const far = new Map<Info, Place[]>();
  for (const reader of infos) {
    const at = placeOf(reader, places);
    for (const d of reader.dependencies) {
      if (d.on.item.store || d.orderOnly) continue;
      if (!meets(d.on, placeOf(d.on, places), at, d.axes)) far.set(d.on, [...(far.get(d.on) ?? []), at]);
    }
    if ((reader.form === 'array' || (reader.form === 'scatter' && !reader.item.store)) && at.pass.kind !== 'contraction') far.set(reader, far.get(reader) ?? []);
  }

  const out = new Map<string, Storage>();
  for (const info of infos) {
    const readers = far.get(info);
    if (!readers) continue;
    const home = placeOf(info, places).groups;
    const shared = readers.reduce((n, r) => Math.min(n, common(home, r.groups)), home.length);
    const bound = new Set(home.slice(0, shared).flatMap((g) => (g.kind === 'group' ? g.axes : [])));
    const axes = info.item.axes.filter((a) => sizeOf(c.env, a) > 1 && !bound.has(a));
    const length = axes.reduce((n, a) => n * sizeOf(c.env, a), 1);
    const buffer = pool.take(scratchName(info), info.item.kind === 'arg' ? 'i32' : info.item.float ? 'f32' : 'f64', length, taken);
    out.set(info.item.name, { buffer, axes });
  }
  return out;
}

const scratchName = (info: Info): string => {
  const name = info.item.name;
  if (info.item.wish !== undefined) return `${info.item.wish}64`;
  if (name.startsWith('%')) return info.item.kind === 'arg' ? 'offsets' : info.item.kind === 'each' ? 'kept' : 'sums';
  return `${name}64`;
};

function placeOf(info: Info, places: ReadonlyMap<Info, Place>): Place {
  const place = places.get(info);
  invariant(place, `${info.item.name} is in no pass`);
  return place;
}

const common = (a: readonly Tree[], b: readonly Tree[]): number => {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
};

/** Whether a reader finds a value as a local. */
function meets(on: Info, home: Place, reader: Place, axes: ReadonlySet<string>): boolean {
  if (home.pass.kind === 'contraction' && home.pass === reader.pass) return true;
  if (on.form === 'array' || on.form === 'scatter' || !on.item.axes.every((a) => axes.has(a))) return false;
  if (home.pass === reader.pass) return on.form === 'each';
  // A contraction is made by functions of its own.
  if (home.pass.kind === 'contraction' || reader.pass.kind === 'contraction') return false;
  const inLoops = on.form === 'each' && home.pass.loops.length > 0;
  return !inLoops && common(home.groups, reader.groups) === home.groups.length;
}

/**
 * Decides which items share loops. Items go into clusters in their order; a cluster is a pass, whose items visit the same
 * points in the same loops, or a group, whose items share outer loops and are clustered again inside them. So a layer norm
 * becomes one loop over rows with three passes over each row, and a batch norm one over channels.
 */
import { invariant } from '../../support/invariant.ts';
import { isCut } from './contract/index.ts';
import type { Plan } from './contract/plan.ts';
import { readsIn } from './dag.ts';
import type { Dependency, Info } from './space.ts';

export type Tree =
  /** Without axes: a part, whose statements become a function of their own. */
  | { readonly kind: 'group'; readonly axes: readonly string[]; readonly children: readonly Tree[];
      /** Sums over axes of the group that nobody in it reads: they are added up in arrays that stand outside. */
      readonly riders: readonly Info[];
      /** The innermost of its loops takes several columns at a time. */
      readonly tile?: string }
  | { readonly kind: 'pass'; readonly loops: readonly string[]; readonly infos: readonly Info[] }
  /** The contraction's own item first, then the stores that are made of its sums on the spot. */
  | { readonly kind: 'contraction'; readonly plan: Plan; readonly infos: readonly Info[] };

interface Cluster {
  readonly infos: Info[];
  outer: readonly string[];
  loops: readonly string[];
  /** The columns that its members go down side by side. */
  tile: string | undefined;
  /** Sums over axes of the group that ride along in it. */
  readonly riders: Info[];
  /** All members visit the same points, and none waits for a reduction among them. */
  flat: boolean;
  readonly plan?: Plan;
}

/** A pass with more nodes than this is split, so that no function of generated code grows without bound. */
const MOST_NODES = 400;
/** The same for a group, which cannot be divided among functions. */
const MOST_IN_GROUP = 1200;
/** What one function may hold, in nodes. V8 does not optimise functions beyond some 60 KB of bytecode. */
const MOST_IN_PART = 800;

/** The loops of some items. Every item stands after those that it depends on. `plans`: the items that are contractions. */
export function groupItems(infos: readonly Info[], plans: ReadonlyMap<Info, Plan>): Tree[] {
  return treesOf(infos, new Set(), plans);
}

/** The same, inside loops over `bound`. */
function treesOf(
  infos: readonly Info[], bound: ReadonlySet<string>, plans: ReadonlyMap<Info, Plan>, riding: ReadonlySet<Info> = new Set(),
): Tree[] {
  const clusters: Cluster[] = [];
  const home = new Map<Info, number>();
  for (const info of infos) {
    const plan = plans.get(info);
    if (plan) {
      clusters.push({ infos: [info], outer: [], loops: [], tile: undefined, riders: [], flat: false, plan });
      home.set(info, clusters.length - 1);
      continue;
    }
    const first = Math.max(0, ...info.dependencies.map((d) => home.get(d.on) ?? 0));
    let at = first;
    while (at < clusters.length && !join(clusters[at]!, info, home, at, bound, riding)) at++;
    if (at === clusters.length) {
      const loops = free(info.space, bound);
      clusters.push({ infos: [info], outer: loops.filter((a) => info.outer.has(a)), loops, tile: info.tile, riders: [], flat: isPass(info, bound) });
    }
    home.set(info, at);
  }
  return clusters.map((c): Tree => {
    if (c.plan) return { kind: 'contraction', plan: c.plan, infos: c.infos };
    if (c.flat) return { kind: 'pass', loops: c.loops, infos: c.infos };
    invariant(c.outer.length > 0, `the items ${c.infos.map((i) => i.item.name).join(', ')} share no loop`);
    const tile = c.tile !== undefined && c.tile === c.outer.at(-1) ? { tile: c.tile } : {};
    const children = treesOf(c.infos, new Set([...bound, ...c.outer]), plans, new Set([...riding, ...c.riders]));
    return { kind: 'group', axes: c.outer, riders: c.riders, ...tile, children };
  });
}

const free = (axes: readonly string[], bound: ReadonlySet<string>): string[] => axes.filter((a) => !bound.has(a));
const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x) => b.includes(x));

/** Whether an item can be computed by one nest of loops: of its own axes at most the innermost is left. */
function isPass(info: Info, bound: ReadonlySet<string>): boolean {
  if (info.form === 'each' || info.form === 'scatter') return true;
  const left = info.item.axes.filter((a) => info.space.includes(a) && !bound.has(a));
  return info.form === 'register' ? left.length === 0 : left.length === 1 && left[0] === info.inner;
}

function join(
  c: Cluster, info: Info, home: ReadonlyMap<Info, number>, at: number, bound: ReadonlySet<string>, riding: ReadonlySet<Info>,
): boolean {
  const inside = info.dependencies.filter((d) => home.get(d.on) === at);
  if (c.plan) return joinContraction(c, c.plan, info, inside);
  // What rides along is known only when the loops are closed.
  if (inside.some((d) => c.riders.includes(d.on))) return false;
  return joinPass(c, info, inside, bound, riding) || joinGroup(c, info, inside, bound) || joinAsRider(c, info, inside, bound, riding);
}

/** A sum of what the group reads anyway, over the axes of the group: its array is filled before the group and ready after it. */
function joinAsRider(
  c: Cluster, info: Info, inside: readonly Dependency[], bound: ReadonlySet<string>, riding: ReadonlySet<Info>,
): boolean {
  if (c.flat || c.tile !== undefined || info.form !== 'array' || info.guards.length > 0 || info.conditions.length > 0 || inside.length > 0) return false;
  if (c.outer.length === 0 || !c.outer.every((a) => info.item.reduced.includes(a))) return false;
  const rest = (i: Info): string[] => free(i.space, bound).filter((a) => !c.outer.includes(a));
  const own = new Set(readsIn(info.body).map((r) => r.tensor));
  const partner = c.infos.some((i) => sameSet(rest(i), rest(info)) && readsIn(i.body).some((r) => own.has(r.tensor)));
  if (!partner || c.infos.reduce((n, i) => n + i.cost, info.cost) > MOST_IN_GROUP) return false;
  c.infos.push(info);
  if (!riding.has(info)) c.riders.push(info);
  return true;
}

/** What is stored of each finished sum, at the same point, is stored where the sum is made. */
function joinContraction(c: Cluster, plan: Plan, info: Info, inside: readonly Dependency[]): boolean {
  const sums = c.infos[0]!;
  const isStore = info.form === 'each' && info.item.store !== undefined && info.item.store.role !== 'state' && !info.item.store.hit;
  const meets = inside.every((d) => d.on === sums && !d.orderOnly && sums.item.axes.every((a) => d.axes.has(a)));
  if (!isStore || isCut(plan) || inside.length === 0 || !meets || !sameSet(info.space, plan.contraction.out)) return false;
  c.infos.push(info);
  return true;
}

function joinPass(c: Cluster, info: Info, inside: readonly Dependency[], bound: ReadonlySet<string>, riding: ReadonlySet<Info>): boolean {
  const loops = free(info.space, bound);
  if (!c.flat || !isPass(info, bound) || !sameSet(loops, c.loops)) return false;
  // Where a pass reads what it computes, it reads it at the same point, in every axis.
  const meets = (d: Dependency): boolean => c.loops.every((a) => d.axes.has(a)) && d.on.item.axes.every((a) => d.axes.has(a));
  if (inside.some((d) => d.on.form !== 'each' || !meets(d))) return false;
  const others = c.infos.filter((i) => i.form !== 'each' || info.form !== 'each');
  const rides = (i: Info): boolean => i.form !== 'scatter' && info.form !== 'scatter' && (riding.has(i) || riding.has(info));
  const mixes = (i: Info): boolean => rides(i) || (i.key === info.key && i.form === info.form);
  if (info.form !== 'each' && !others.every((i) => i.form === 'each' || mixes(i))) return false;
  // Guards are bounds of loops: whatever is not a sum under the same guards would lose points.
  if (info.key.split('|')[0] !== c.infos[0]!.key.split('|')[0]) return false;
  const ordered = [...c.infos, info].find((i) => i.form !== 'each');
  if (info.item.kind === 'arg' && !c.loops.every((a, n) => a === loops[n])) {
    if (c.infos.some((i) => i.form !== 'each')) return false;
  }
  if (c.infos.reduce((n, i) => n + i.cost, info.cost) > MOST_NODES) return false;
  c.infos.push(info);
  if (ordered) c.loops = free(ordered.space, bound);
  c.outer = c.outer.filter((a) => info.outer.has(a));
  return true;
}

function joinGroup(c: Cluster, info: Info, inside: readonly Dependency[], bound: ReadonlySet<string>): boolean {
  const outer = c.outer.filter((a) => info.outer.has(a) && !bound.has(a));
  if (outer.length === 0) return false;
  const tile = c.tile ?? info.tile;
  const fits = (i: Info): boolean => {
    const loops = free(i.space, bound);
    return outer.every((a) => i.outer.has(a)) && (i.inner === undefined || !outer.includes(i.inner) || loops.length === outer.length || i.inner === tile);
  };
  if (!fits(info) || !c.infos.every(fits)) return false;
  if (inside.length === 0) {
    // Strangers share loops only if they visit the same points.
    const loops = free(info.space, bound);
    if (outer.length !== c.outer.length || !c.infos.some((i) => sameSet(free(i.space, bound), loops))) return false;
  }
  if (c.infos.reduce((n, i) => n + i.cost, info.cost) > MOST_IN_GROUP) return false;
  if (!c.outer.slice(0, outer.length).every((a, n) => a === outer[n])) return false;
  if (inside.some((d) => !outer.every((a) => d.axes.has(a)))) return false;
  c.infos.push(info);
  c.outer = outer;
  c.tile = tile;
  c.flat = false;
  return true;
}

/** Divides what is too large for one function into parts. Contractions make parts of their own. */
export function divide(trees: readonly Tree[]): readonly Tree[] {
  const first = trees.findIndex((t) => t.kind === 'contraction');
  if (first >= 0) return [...divide(trees.slice(0, first)), trees[first]!, ...divide(trees.slice(first + 1))];
  const parts: { cost: number; children: Tree[] }[] = [];
  for (const t of trees) {
    const cost = costOf(t);
    const last = parts.at(-1);
    if (last && last.cost + cost <= MOST_IN_PART) {
      last.cost += cost;
      last.children.push(t);
    } else parts.push({ cost, children: [t] });
  }
  return parts.length < 2 ? trees : parts.map((p): Tree => ({ kind: 'group', axes: [], riders: [], children: p.children }));
}

const costOf = (t: Tree): number =>
  (t.kind !== 'group' ? t.infos.reduce((n, i) => n + i.cost + 1, 0) : t.children.reduce((n, c) => n + costOf(c), 0));

/** Every item of some trees, in their order. */
export const infosIn = (trees: readonly Tree[]): Info[] => trees.flatMap((t) => (t.kind === 'group' ? infosIn(t.children) : t.infos));

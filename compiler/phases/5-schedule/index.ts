/**
 * Phase 5: Program -> LoopNest. Takes formulas apart into items (items.ts, share.ts), looks at how each wants to be looped
 * over (space.ts), lets them share loops (group.ts), decides what needs an array (storage.ts) and writes the statements
 * (passes.ts, values.ts). Everything about speed and names is decided here; emitters only print.
 */
import { sizeOf } from '../../ir/affine.ts';
import { cacheField } from '../../ir/derived.ts';
import type { Buffer, LoopNest, Part, Stmt } from '../../ir/loop.ts';
import { buffersIn, constantsIn } from '../../ir/loop-walk.ts';
import { slackOf } from '../../ir/slack.ts';
import { Scope, type ModuleNames } from '../../ir/names.ts';
import type { Program, Tensor } from '../../ir/tensor.ts';
import { Builder } from './builder.ts';
import { buildContraction, type Host } from './contract/index.ts';
import { planOf, type Plan } from './contract/plan.ts';
import { contractionOf } from './contract/recognise.ts';
import type { Choices } from './choices.ts';
import { columnsInRegisters } from './columns.ts';
import { costOf } from './dag.ts';
import { divide, groupItems } from './group.ts';
import { hoistItems } from './hoist.ts';
import { makeItems, type Item, type Items } from './items.ts';
import { buildTree } from './passes.ts';
import { inPieces } from './pieces.ts';
import { reuseLocals } from './reuse.ts';
import { readsOfItem, scatterItems } from './scatter.ts';
import { pointsOf, shareItems } from './share.ts';
import { infosOf, type Context, type Info } from './space.ts';
import { spreadsInOnePass } from './spread.ts';
import { bufferKey, storeItems, type ScratchPool } from './storage.ts';
import { vectorize } from './vector/index.ts';

export interface ScheduleOptions {
  readonly names: ModuleNames;
  /** Scratch is dead between calls, so the functions of a module share it. */
  readonly pool: ScratchPool;
  /** Gradients are added to, not written. */
  readonly accumulate: boolean;
  /** Decides where several schedules are right. */
  readonly choices: Choices;
  /** What the loops are for: V8's optimiser, or lanes of a vector. */
  readonly target?: 'ts' | 'wasm';
}

/**
 * Schedules one program.
 * @throws InternalError if the program is not well formed; what a user can get wrong was caught before
 */
export function schedule(program: Program, asked: ScheduleOptions): LoopNest {
  const options: ScheduleOptions = { ...asked, target: asked.target === 'wasm' && isOfFloats(program) ? 'wasm' : 'ts' };
  const { items, context, infos } = look(program, options);
  const plans = new Map(infos.flatMap((info) => {
    const plan = planFor(info, context, options, `${program.name}/${placeOf(info.item, items)}`);
    return plan ? [[info, plan] as const] : [];
  }));
  const trees = divide(groupItems(infos, plans));
  const taken = new Set<string>();
  const storage = storeItems(trees, infos, context, options.pool, taken);
  const buffers = buffersOf(items, options, taken, program);
  const brief = new Map<string, Buffer>();
  const scratch: Builder['scratch'] = (wish, elem, length) => {
    const key = `${wish}:${elem}:${length}`;
    const buffer = brief.get(key) ?? options.pool.take(wish, elem, length, taken);
    brief.set(key, buffer);
    return buffer;
  };
  const newBuilder = (): Builder => new Builder(context, new Scope(options.names.scope), storage, buffers, options, scratch);
  const parts: Part[] = [];
  const isTaken = (name: string): boolean => options.names.scope.has(name);
  const finished = (own: readonly Stmt[], sums: 'f32' | 'f64', copies: number): readonly Stmt[] => (options.target === 'wasm'
    ? vectorize(own, { buffers: [...buffers.values(), ...options.pool.buffers], constants: valuesOf(options.names), sums, copies, fresh: (wish) => options.names.scope.fresh(wish) })
    : reuseLocals(own, isTaken));
  const part: Host['part'] = (wish, params, own, lanes = { sums: 'f64', copies: 2 }) => {
    const name = options.names.scope.fresh(`${program.name}${wish}`);
    const touched = buffersIn(own);
    parts.push({ name, params, body: finished(own, lanes.sums, lanes.copies), buffers: [...buffers.values()].filter((b) => b.role !== 'scratch' && touched.has(b.name)) });
    return name;
  };
  const main = newBuilder();
  const host: Host = { context, main, pool: options.pool, taken, storage, newBuilder, part };
  const drawn = draws(items, buffers);
  drawn.forEach((s) => main.push(s));
  for (const t of trees) {
    if (t.kind === 'contraction') buildContraction(t.plan, t.infos.slice(1), host);
    else if (t.kind === 'group' && t.axes.length === 0) {
      const own = newBuilder();
      buildTree(own, t.children);
      main.push({ kind: 'call', part: part(`Part${parts.length + 1}`, [], own.frame(0).stmts), args: [] });
    } else buildTree(main, [t]);
  }
  const whole = main.frame(0).stmts;
  const body = finished(drawn.length > 0 && options.target === 'ts' ? inPieces(whole, { scope: main.scope, part }) : whole, 'f64', 2);
  const own = new Map([...buffers.values()].map((b) => [b.name, b]));
  const used = [...own.values(), ...options.pool.buffers.filter((b) => taken.has(b.name) && !own.has(b.name))];
  const constants = new Map([...constantsIn([...body, ...parts.flatMap((p) => p.body)])].map((name) => [name, options.names.constants.get(name)!.value]));
  const flops = infos.reduce((n, i) => n + (plans.has(i) ? productsOf(plans.get(i)!) : operationsOf(i.item, program)), 0);
  const nest = { name: program.name, buffers: used, constants, parts, body, flops };
  if (options.target === 'ts') options.pool.lengthen(slackOf(nest));
  return nest;
}

/** The items of a program as they are to be computed, and how each wants to be looped over. */
function look(program: Program, { names, choices, target }: ScheduleOptions): { items: Items; context: Context; infos: Info[] } {
  const made = spreadsInOnePass(makeItems(program), choices, target === 'wasm');
  const shared: Context = { env: program.env, names, items: shareItems(made) };
  const first: Context = { ...shared, items: scatterItems(shared.items, shared) };
  const tiled = columnsInRegisters(infosOf(first), first, choices);
  // Lanes are floats: nothing is converted, so nothing is kept converted, and no difference is taken apart.
  const items = target === 'wasm' ? first.items : hoistItems(first.items, infosOf(first, tiled).filter((i) => !contractionOf(i.item, first)?.pays));
  const context: Context = { ...first, items };
  return { items, context, infos: infosOf(context, tiled) };
}

/** Lanes are floats; doubles are left to scalars. */
const isOfFloats = (p: Program): boolean => p.stores.every((s) => s.tensor.dtype !== 'f64');

const valuesOf = (names: ModuleNames): ReadonlyMap<string, number> => new Map([...names.constants].map(([name, c]) => [name, c.value]));

/** One for each node and point. */
const operationsOf = (item: Item, p: Program): number =>
  pointsOf(item, p.env) * Math.max(0, costOf(item.body).operations + (item.kind === 'each' ? 0 : 1));

/** Multiplications and additions of a contraction, those alone that its phases visit. */
const productsOf = (plan: Plan): number =>
  plan.contraction.phases.reduce((sum, p) => sum + 2 * [...p.values()].reduce((n, axis) => n * axis.size, 1), 0);

/** What to call an item in the names of choices: its own name, or that of what is stored of it. */
function placeOf(item: Item, { items }: Items): string {
  if (!item.name.startsWith('%')) return item.name;
  const stored = (i: Item): Item | undefined => items.find((x) => x.store && readsOfItem(x).some((r) => r.tensor === i.name));
  const own = stored(item)?.store?.name;
  const others = items.filter((i) => i.name.startsWith('%') && i.kind === 'reduce' && stored(i)?.store?.name === own);
  return own === undefined || others.length > 1 ? `${own ?? 'sum'}.${items.indexOf(item)}` : own;
}

/** How an item is run as a contraction, if it is one and is to be run so. */
function planFor(info: Info, c: Context, { choices, target }: ScheduleOptions, point: string): Plan | undefined {
  const found = contractionOf(info.item, c);
  if (!found) return undefined;
  const [packed, loops] = [{ label: 'packed', value: true }, { label: 'loops', value: false }];
  return choices.pick(`${point}/form`, found.pays ? [packed, loops] : [loops, packed]) ? planOf(found, c, choices, point, target === 'wasm') : undefined;
}

/** The tensors that are read or stored, by name. */
function buffersOf(items: Items, options: ScheduleOptions, taken: Set<string>, program: Program): Map<string, Buffer> {
  const out = new Map<string, Buffer>();
  const read = new Set(items.items.flatMap((i) => readsOfItem(i).map((r) => r.tensor)));
  const written = new Map(items.items.flatMap((i) => (i.store ? [[bufferKey(i.store), i.store] as const] : [])));
  const add = (t: Tensor): void => {
    const key = bufferKey(t);
    if (out.has(key)) return;
    const access = written.has(key) ? (read.has(t.name) ? 'both' : 'written') : 'read';
    out.set(key, t.role === 'random' ? scratchFor(t, elements(t, program), options.pool, taken) : {
      name: t.role === 'cache' && !t.held ? options.names.field(cacheField(t)) : options.names.array(t.name),
      tensor: t.name, elem: elemOf(t, program), length: elements(t, program),
      slack: 0, access, ...(t.role === 'cache' ? { role: 'field', field: cacheField(t) } : { role: 'argument' }),
    });
  };
  for (const t of program.tensors) if (read.has(t.name)) add(t);
  for (const t of written.values()) add(t);
  return out;
}

/** Scratch for the numbers of a random tensor, which are drawn four at a time. */
const scratchFor = (t: Tensor, length: number, pool: ScratchPool, taken: Set<string>): Buffer =>
  pool.take(t.name, isUnit(t) ? 'f32' : 'f64', length, taken, { slack: (4 - length % 4) % 4 });

/** Numbers of [0, 1) are multiples of 2^-24, which a float holds exactly. */
const isUnit = (t: Tensor): boolean => t.uniform?.[0] === 0 && t.uniform[1] === 1;

/** What an array of a tensor is made of. */
export function elemOf(t: Tensor, program: Pick<Program, 'env'>): Buffer['elem'] {
  if (!t.hit) return t.dtype;
  if (t.hit.form === 'offset') return 'i32';
  // A mask of shares holds the number of hits of its window, which may not fit a byte.
  const window = t.hit.reduced.reduce((n, a) => n * sizeOf(program.env, a), 1);
  return t.hit.ties === 'split' && window > 255 ? 'i32' : 'u8';
}

function elements(t: Tensor, program: Pick<Program, 'env'>): number {
  const axes = t.hit?.form === 'offset' ? t.hit.of : t.axes;
  return axes.reduce((n, a) => n * sizeOf(program.env, a), 1);
}

function draws(items: Items, buffers: ReadonlyMap<string, Buffer>): Stmt[] {
  return items.program.tensors.filter((t) => t.role === 'random' && buffers.has(t.name)).map((t, n): Stmt => {
    const [low, high] = t.uniform ?? [0, 1];
    return { kind: 'draw', buffer: buffers.get(t.name)!.name, stream: t.stream ?? n, low, high };
  });
}

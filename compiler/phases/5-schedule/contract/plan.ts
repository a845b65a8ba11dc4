/** Decides how a contraction is run: what is packed together, in which layouts, and the tile of each phase. */
import { sizeOf } from '../../../ir/affine.ts';
import type { Choices } from '../choices.ts';
import type { Context } from '../space.ts';
import { axesInOrder, blockLayout, mergeOf, plainLayout, stepIn, type Layout, type Merge } from './layout.ts';
import { isEmpty, type Contraction, type Operand, type Phase } from './recognise.ts';
import { tilesOf, type Tile } from './tile.ts';
import { laneTilesOf, type Lanes } from './vectors.ts';

export interface Plan {
  readonly contraction: Contraction;
  /** The first holds the neighbours that a tile computes, as a rule the windowed one. */
  readonly operands: readonly [Operand, Operand];
  /** The loop around packing and sums: one image at a time. */
  readonly batch?: string;
  readonly phases: readonly PhasePlan[];
}

export interface PhasePlan {
  /** With an axis of its own for two that are merged. */
  readonly phase: Phase;
  /** One object is one array: phases may share it. */
  readonly layouts: readonly [Layout, Layout];
  readonly merge?: Merge;
  /** None where nothing is summed. */
  readonly tile?: Tile;
  /** How it goes into lanes, where that is asked for and can be. */
  readonly lanes?: Lanes;
}

/** Packed whole, an operand of more elements than this leaves the cache. */
const MOST_AT_ONCE = 2 ** 15;
/** A sum that is cut by the batch is at least this long in each piece. */
const LEAST_PIECE = 32;

/** Plans a contraction; `point` names its choices. */
export function planOf(contraction: Contraction, c: Context, choices: Choices, point: string, inVectors: boolean): Plan {
  const operands = inRoles(contraction);
  const batch = batchOf(contraction, operands, c);
  const { phases, reduced } = contraction;
  const inner = reduced.filter((axis) => axis !== batch);
  const merges = phases.map((p) => (isEmpty(p) ? undefined : mergeOf(operands[0], operands[1], p, inner)));
  const wanted = merges.find((m) => m !== undefined);
  const asked = wanted && choices.pick(`${point}/order`, [{ label: 'merged', value: true }, { label: 'as it lies', value: false }]) ? wanted : undefined;
  const plain = operands.map((o) => plainLayout(o, phases, batch, c.env, asked)) as [Layout, Layout];
  const planPhase = (p: Phase, n: number): PhasePlan => {
    if (isEmpty(p)) return { phase: p, layouts: plain };
    const merge = asked && merges[n];
    const phase = merge ? withMerged(p, merge) : p;
    const summed = merge ? [merge.axis, ...inner.filter((axis) => axis !== merge.outer && axis !== merge.inner)] : inner;
    const place = `${point}${phases.length > 1 ? `.${n}` : ''}`;
    const panel = merge ? blockLayout(operands[1], undefined, 1, [merge.outer, merge.inner, ...summed.slice(1)].filter((x) => operands[1].axes.has(x)), batch, phase) : plain[1];
    const found: [Layout, Layout] = [plain[0], panel];
    const space = {
      ...tileAxes(contraction, operands, phase, batch), reduced: summed.filter((axis) => phase.get(axis)!.size > 1),
      size: (axis: string) => phase.get(axis)!.size, step: (k: 0 | 1, axis: string) => stepIn(found[k], operands[k], phase, axis, merge),
    };
    const inLanes = inVectors ? laneTilesOf({ ...space, ...alongOf(contraction, space.a), repeats: batch === undefined || !reduced.includes(batch) }) : undefined;
    if (inLanes) {
      const { tile, lanes } = choices.pick(`${place}/lanes`, inLanes);
      const order = orderOf(summed, lanes, phase);
      const own = order.flatMap((axis) => (axis === merge?.axis ? [merge.outer, merge.inner] : [axis])).filter((x) => operands[1].axes.has(x));
      // What is the same in all lanes is read from one end to the other.
      const inBlocks = lanes.of === 'result' && plain[1].kind === 'copy';
      const second = inBlocks ? blockLayout(operands[1], tile.b, tile.tb, own, batch, phase) : found[1];
      return { phase, layouts: [found[0], second], tile, lanes, ...(merge ? { merge } : {}) };
    }
    const tile = choices.pick(`${place}/tile`, tilesOf(space));
    const blocked = (k: 0 | 1, axis: string | undefined, width: number): Layout => {
      const o = operands[k];
      if (phases.length > 1 || found[k].kind !== 'copy' || axis === undefined || width === 1 || axesInOrder(o).at(-1) !== axis) return found[k];
      const blocks = blockLayout(o, axis, width, inner.filter((x) => o.axes.has(x)), batch, phase);
      return choices.pick(`${place}/pack-${o.name}`, [{ label: 'blocks', value: blocks }, { label: 'as it lies', value: found[k] }]);
    };
    return { phase, layouts: [blocked(0, tile.a, tile.ta), blocked(1, tile.b, tile.tb)], tile, ...(merge ? { merge } : {}) };
  };
  return { contraction, operands, ...(batch === undefined ? {} : { batch }), phases: phases.map(planPhase) };
}

const withMerged = (p: Phase, m: Merge): Phase => new Map(p).set(m.axis, { size: p.get(m.outer)!.size * p.get(m.inner)!.size, k: 1, c: 0 });

/** The axes a tile can run over, in one phase. */
function tileAxes(
  { out }: Contraction, [a, b]: readonly [Operand, Operand], p: Phase, batch: string | undefined,
): { a: string[]; b: string[] } {
  const own = (x: Operand, y: Operand): string[] =>
    out.filter((axis) => axis !== batch && x.axes.has(axis) && !y.axes.has(axis) && p.get(axis)!.size > 1);
  return { a: own(a, b), b: own(b, a) };
}

/** The loops of a sum in lanes: the lanes' own innermost, or else the longest. */
export function orderOf(summed: readonly string[], lanes: Lanes, p: Phase): readonly string[] {
  const last = lanes.of === 'sum' ? lanes.axis : [...summed].sort((x, y) => p.get(y)!.size - p.get(x)!.size)[0];
  return [...summed.filter((axis) => axis !== last), ...summed.filter((axis) => axis === last)];
}

/** Where neighbours of the result lie side by side, if a tile can run along it. */
function alongOf({ out }: Contraction, axes: readonly string[]): { along?: string } {
  const last = out.at(-1);
  return last !== undefined && axes.includes(last) ? { along: last } : {};
}

/** First the windowed one, else the one that holds the innermost axis of the result. */
function inRoles({ operands, out }: Contraction): readonly [Operand, Operand] {
  const [x, y] = operands;
  const isWindowed = (o: Operand): boolean => o.read !== undefined && !o.read.isBare;
  const inner = out.at(-1);
  const swap = isWindowed(x) === isWindowed(y) ? inner !== undefined && !x.axes.has(inner) : isWindowed(y);
  return swap ? [y, x] : [x, y];
}

/** The outermost axis of the larger operand, if what is left of the operands still makes a contraction. */
function batchOf({ out, reduced, phases }: Contraction, operands: readonly [Operand, Operand], c: Context): string | undefined {
  const size = (axis: string): number => sizeOf(c.env, axis);
  const points = (axes: readonly string[]): number => axes.reduce((n, axis) => n * size(axis), 1);
  const elements = (o: Operand): number => points(o.read ? o.read.source.axes : [...o.axes]);
  const [large] = [...operands].sort((x, y) => elements(y) - elements(x)) as [Operand];
  const axis = large.read ? large.read.along.find((_, n) => large.read!.slots[n]!.size > 1) : [...large.axes][0];
  if (axis === undefined || !operands.every((o) => !o.axes.has(axis) || isAlone(o, axis)) || phases.some((p) => p.get(axis)?.k !== 1)) return undefined;
  if (out.includes(axis)) return points(out.filter((x) => x !== axis && large.axes.has(x))) > 1 ? axis : undefined;
  const isLarge = operands.some((o) => elements(o) > MOST_AT_ONCE);
  return isLarge && points(reduced.filter((x) => x !== axis)) >= LEAST_PIECE ? axis : undefined;
}

/** True where an axis is a slot of its own, so that a loop around the packing can stand for it. */
function isAlone(o: Operand, axis: string): boolean {
  if (!o.read) return true;
  const own = o.read.slots.filter((s) => s.terms.some((t) => t.axis === axis));
  return own.length === 1 && o.read.along.includes(axis);
}

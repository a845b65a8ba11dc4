/** Decides how a contraction is run: what is packed together, in which layouts, and the tile of each phase. */
import { sizeOf } from '../../../ir/affine.ts';
import type { Choices } from '../choices.ts';
import type { Context } from '../space.ts';
import { axesInOrder, blockLayout, plainLayout, stepIn, type Layout } from './layout.ts';
import { isEmpty, type Contraction, type Operand, type Phase } from './recognise.ts';
import { tilesOf, type Tile } from './tile.ts';

export interface Plan {
  readonly contraction: Contraction;
  /** The first holds the neighbours that a tile computes, as a rule the windowed one. */
  readonly operands: readonly [Operand, Operand];
  readonly layouts: readonly [Layout, Layout];
  /** The loop around packing and sums: one image at a time. */
  readonly batch?: string;
  /** One for each phase; none where it sums over nothing. */
  readonly tiles: readonly (Tile | undefined)[];
}

/** Packed whole, an operand of more elements than this leaves the cache. */
const MOST_AT_ONCE = 2 ** 15;
/** A sum that is cut by the batch is at least this long in each piece. */
const LEAST_PIECE = 32;

/** Plans a contraction; `point` names its choices. */
export function planOf(contraction: Contraction, c: Context, choices: Choices, point: string): Plan {
  const operands = inRoles(contraction);
  const batch = batchOf(contraction, operands, c);
  const { phases } = contraction;
  const plain = operands.map((o) => plainLayout(o, phases, batch, c.env)) as [Layout, Layout];
  const inner = contraction.reduced.filter((axis) => axis !== batch);
  const tiles = phases.map((p, n) => (isEmpty(p) ? undefined : choices.pick(
    `${point}/tile${phases.length > 1 ? n : ''}`,
    tilesOf({ ...tileAxes(contraction, operands, p, batch), size: (axis) => p.get(axis)!.size, step: (k, axis) => stepIn(plain[k], operands[k], p, axis) }),
  )));
  const only = tiles.length === 1 ? tiles[0] : undefined;
  const layoutOf = (n: 0 | 1): Layout => {
    const [o, axis, width] = n === 0 ? [operands[0], only?.a, only?.ta ?? 1] : [operands[1], only?.b, only?.tb ?? 1];
    const lies = plain[n];
    if (lies.kind !== 'copy' || axis === undefined || width === 1 || axesInOrder(o).at(-1) !== axis) return lies;
    const blocks = blockLayout(o, axis, width, inner.filter((x) => o.axes.has(x)), batch, c.env);
    return choices.pick(`${point}/pack-${o.name}`, [{ label: 'blocks', value: blocks }, { label: 'as it lies', value: lies }]);
  };
  return { contraction, operands, layouts: [layoutOf(0), layoutOf(1)], ...(batch === undefined ? {} : { batch }), tiles };
}

/** The axes a tile can run over, in one phase. */
function tileAxes(
  { out, reduced }: Contraction, [a, b]: readonly [Operand, Operand], p: Phase, batch: string | undefined,
): { a: string[]; b: string[]; reduced: string[] } {
  const own = (x: Operand, y: Operand): string[] =>
    out.filter((axis) => axis !== batch && x.axes.has(axis) && !y.axes.has(axis) && p.get(axis)!.size > 1);
  return { a: own(a, b), b: own(b, a), reduced: reduced.filter((axis) => axis !== batch && p.get(axis)!.size > 1) };
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

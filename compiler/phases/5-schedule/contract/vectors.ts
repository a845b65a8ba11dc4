/**
 * Tiles of a contraction in lanes. Either neighbours of the result stand in the lanes of a vector: one operand is loaded four
 * at a time, the other is the same in all lanes. Or, where the result has no such neighbours, the lanes are terms of the
 * sum, which is folded at its end.
 */
import type { Candidate } from '../choices.ts';
import type { Tile, TileSpace } from './tile.ts';

export interface Lanes {
  readonly axis: string;
  /** An axis of the result, or one that is summed over. */
  readonly of: 'result' | 'sum';
  /** Vectors that are taken at a time. */
  readonly vectors: number;
}

export interface LaneTile {
  readonly tile: Tile;
  readonly lanes: Lanes;
}

export interface LaneSpace extends TileSpace {
  /** The axis along which neighbours of the result lie side by side, if it belongs to the first operand alone. */
  readonly along?: string;
}

const WIDTH = 4;
/** Sums that stand in registers beside what is loaded. */
const MOST_SUMS = 9;
const OFFERED = 8;
/** Instructions in a cycle, a turn of the innermost loop beside its work, and cycles from one addition to the next on its result. */
const CYCLES = { instructions: 4.5, turn: 3, addition: 3.5 } as const;

/** The tiles worth trying, the cheapest first; none where nothing lies side by side. */
export function laneTilesOf(space: LaneSpace): readonly [Candidate<LaneTile>, ...Candidate<LaneTile>[]] | undefined {
  const { along } = space;
  const isWide = (axis: string): boolean => space.size(axis) >= WIDTH;
  const found = along !== undefined && isWide(along) && space.step(0, along) === 1 ? ofResult(along, space) : [];
  if (found.length === 0) {
    const axis = space.reduced.filter((x) => isWide(x) && space.step(0, x) === 1 && space.step(1, x) === 1)[0];
    if (axis !== undefined) found.push(...ofSum(axis, space));
  }
  const ranked = found.sort((x, y) => x.cost - y.cost).slice(0, OFFERED).map(({ value }) => ({ label: labelOf(value), value }));
  return ranked.length > 0 ? [ranked[0]!, ...ranked.slice(1)] : undefined;
}

const labelOf = ({ tile: t, lanes }: LaneTile): string =>
  `${lanes.of} ${[[t.a, lanes.of === 'result' ? lanes.vectors * WIDTH : t.ta], [t.b, t.tb]].map(([axis, n]) => `${axis ?? ''}${n}`).join(' x ')}`;

interface Ranked {
  readonly value: LaneTile;
  readonly cost: number;
}

function ofResult(axis: string, space: LaneSpace): Ranked[] {
  const out: Ranked[] = [];
  const points = space.size(axis);
  for (const b of orNone(space.b)) for (let tb = 1; tb <= (b === undefined ? 1 : Math.min(MOST_SUMS, space.size(b))); tb++) {
    for (let vectors = 1; vectors * tb <= MOST_SUMS && vectors * WIDTH <= points; vectors++) {
      const rest = points % (vectors * WIDTH);
      const turns = [{ count: Math.floor(points / (vectors * WIDTH)), vectors }, { count: Math.ceil(rest / WIDTH), vectors: 1 }];
      const cost = pieces(b, tb, space).reduce((n, p) => n + p.count * turns.reduce((m, t) => m + t.count * bodyCost(t.vectors, p.width), 0), 0);
      out.push({ value: { tile: { a: axis, ...(b === undefined ? {} : { b }), ta: 1, tb, tu: 1 }, lanes: { axis, of: 'result', vectors } }, cost: cost / sizeOf(b, space) });
    }
  }
  return out;
}

function ofSum(axis: string, space: LaneSpace): Ranked[] {
  const out: Ranked[] = [];
  for (const a of orNone(space.a)) for (let ta = 1; ta <= (a === undefined ? 1 : Math.min(MOST_SUMS, space.size(a))); ta++) {
    for (const b of orNone(space.b)) for (let tb = 1; ta * tb <= MOST_SUMS && tb <= (b === undefined ? 1 : space.size(b)); tb++) {
      const cost = pieces(a, ta, space).reduce((n, x) => n + x.count * pieces(b, tb, space).reduce((m, y) => m + y.count * bodyCost(x.width, y.width), 0), 0)
        / sizeOf(a, space) / sizeOf(b, space);
      const tile: Tile = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }), ta, tb, tu: 1 };
      out.push({ value: { tile, lanes: { axis, of: 'sum', vectors: 1 } }, cost });
    }
  }
  return out;
}

const orNone = (axes: readonly string[]): readonly (string | undefined)[] => (axes.length > 0 ? [...axes].reverse() : [undefined]);

/** Costs are compared for one point of an axis, so that those of long axes can be compared with those of short ones. */
const sizeOf = (axis: string | undefined, space: LaneSpace): number => (axis === undefined ? 1 : space.size(axis));

function pieces(axis: string | undefined, width: number, space: LaneSpace): { width: number; count: number }[] {
  if (axis === undefined) return [{ width: 1, count: 1 }];
  const rest = space.size(axis) % width;
  return [{ width, count: (space.size(axis) - rest) / width }, ...(rest > 0 ? [{ width: rest, count: 1 }] : [])];
}

/** Cycles of one turn: `m` vectors of one operand against `n` of the other. */
const bodyCost = (m: number, n: number): number => Math.max(CYCLES.addition, (m + n + 2 * m * n + CYCLES.turn) / CYCLES.instructions);

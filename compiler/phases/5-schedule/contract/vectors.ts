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
  /** Whether points may be computed twice, so that a vector may stand for the few that are left. */
  readonly repeats: boolean;
}

const WIDTH = 4;
/** Vectors that a body can hold. V8 loads everything that a body loads before it computes. */
const REGISTERS = 15;
/** More sums than this are spilled at the end of each turn. */
const MOST_SUMS = 8;
const OFFERED = 8;
/** Cycles of a stored vector, of a sum over lanes, and of entering a loop. */
const [STORE, FOLD, ENTRY] = [2, 10, 6];
/** Instructions in a cycle, a turn of the innermost loop beside its work, and cycles from one addition to the next on its result. */
const CYCLES = { instructions: 4.5, turn: 3, addition: 3.5 } as const;

/** The tiles worth trying, the cheapest first; none where nothing lies side by side. */
export function laneTilesOf(space: LaneSpace): readonly [Candidate<LaneTile>, ...Candidate<LaneTile>[]] | undefined {
  const { along } = space;
  const isWide = (axis: string): boolean => space.size(axis) >= WIDTH;
  const found = along !== undefined && isWide(along) ? ofResult(along, space) : [];
  for (const axis of space.reduced) if (isWide(axis) && Math.abs(space.step(0, axis)) <= 2 && space.step(1, axis) === 1) found.push(...ofSum(axis, space));
  const ranked = found.sort((x, y) => x.cost - y.cost).slice(0, OFFERED).map(({ value }) => ({ label: labelOf(value), value }));
  return ranked.length > 0 ? [ranked[0]!, ...ranked.slice(1)] : undefined;
}

const labelOf = ({ tile: t, lanes }: LaneTile): string =>
  `${lanes.of} ${[[t.a, lanes.of === 'result' ? lanes.vectors * WIDTH : t.ta], [t.b, t.tb]].map(([axis, n]) => `${axis ?? ''}${n}`).join(' x ')}`;

interface Ranked {
  readonly value: LaneTile;
  /** Cycles of the whole sum. */
  readonly cost: number;
}

function ofResult(axis: string, space: LaneSpace): Ranked[] {
  const out: Ranked[] = [];
  const points = space.size(axis);
  const others = product(space.a.filter((x) => x !== axis), space);
  const load = loadOf(space.step(0, axis));
  for (const b of orNone(space.b)) for (let tb = 1; tb <= (b === undefined ? 1 : Math.min(MOST_SUMS, space.size(b))); tb++) {
    for (let vectors = 1; vectors * tb <= MOST_SUMS && vectors * tb + vectors * heldOf(space.step(0, axis)) + tb <= REGISTERS && vectors * WIDTH <= points; vectors++) {
      const rest = points % (vectors * WIDTH);
      const tiles = [
        { count: Math.floor(points / (vectors * WIDTH)), vectors }, { count: Math.floor(rest / WIDTH), vectors: 1 },
        { count: space.repeats ? Number(rest % WIDTH > 0) : rest % WIDTH, vectors: 1 },
      ];
      const cost = others * tiles.reduce((n, t) => n + t.count * across(b, tb, space, (width) =>
        sumCost(space, bodyCost(t.vectors, width, load)) + width * t.vectors * STORE), 0);
      out.push({ value: { tile: { a: axis, ...(b === undefined ? {} : { b }), ta: 1, tb, tu: 1 }, lanes: { axis, of: 'result', vectors } }, cost });
    }
  }
  return out;
}

/** Cycles of all turns of the summed axes, and of entering their loops. */
function sumCost(space: LaneSpace, body: number): number {
  const turns = product(space.reduced, space);
  return turns * body + ENTRY * turns / Math.max(1, ...space.reduced.map((x) => space.size(x)));
}

function ofSum(axis: string, space: LaneSpace): Ranked[] {
  const out: Ranked[] = [];
  const points = Math.floor(space.size(axis) / WIDTH) + (space.size(axis) % WIDTH);
  const folds = product(space.reduced.filter((x) => x !== axis), space);
  const load = loadOf(space.step(0, axis));
  for (const a of orNone(space.a)) for (let ta = 1; ta <= (a === undefined ? 1 : Math.min(MOST_SUMS, space.size(a))); ta++) {
    for (const b of orNone(space.b)) for (let tb = 1; ta * tb <= MOST_SUMS && ta * tb + ta * heldOf(space.step(0, axis)) + tb <= REGISTERS && tb <= (b === undefined ? 1 : space.size(b)); tb++) {
      const cost = across(a, ta, space, (m) => across(b, tb, space, (n) => (bodyCost(m, n, load) * points + ENTRY) * folds + m * n * FOLD))
        * product(space.a.filter((x) => x !== a), space);
      const tile: Tile = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }), ta, tb, tu: 1 };
      out.push({ value: { tile, lanes: { axis, of: 'sum', vectors: 1 } }, cost });
    }
  }
  return out;
}

const product = (axes: readonly string[], space: LaneSpace): number => axes.reduce((n, axis) => n * space.size(axis), 1);

/** The cost of an axis in tiles of a width, and of the other axes of the second operand. */
function across(axis: string | undefined, width: number, space: LaneSpace, cost: (width: number) => number): number {
  const others = space.b.includes(axis ?? '') || axis === undefined ? product(space.b.filter((x) => x !== axis), space) : 1;
  if (axis === undefined) return cost(1) * others;
  const rest = space.size(axis) % width;
  return others * ((space.size(axis) - rest) / width * cost(width) + (rest > 0 ? cost(rest) : 0));
}

const orNone = (axes: readonly string[]): readonly (string | undefined)[] => (axes.length > 0 ? [...axes].reverse() : [undefined]);

/** Cycles of one turn: `m` vectors of one operand against `n` of the other. */
const bodyCost = (m: number, n: number, load: number): number =>
  Math.max(CYCLES.addition, (load * m + n + 2 * m * n + CYCLES.turn) / CYCLES.instructions);

/** Vectors that are loaded for four neighbours of a tile. */
const heldOf = (step: number): number => (step === 1 ? 1 : Math.abs(step) === 2 ? 2 : 4);

/** Instructions that bring four neighbours of a tile into one vector. */
const loadOf = (step: number): number => (step === 1 ? 1 : Math.abs(step) === 2 ? 3 : 16);

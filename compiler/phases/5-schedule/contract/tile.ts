/**
 * Chooses the register tile of a contraction: how many neighbours along one axis of each operand are computed at once, and
 * how many terms of the sum stand in one body. The formula ranks; it was fitted to V8 by measurement (docs/scheduling.md).
 */
import type { Candidate } from '../choices.ts';

export interface Tile {
  /** The tiled axis of the first operand, of the second, and the summed axis that is unrolled. */
  readonly a?: string;
  readonly b?: string;
  readonly u?: string;
  readonly ta: number;
  readonly tb: number;
  readonly tu: number;
}

/** What tiles are chosen from, for one phase. */
export interface TileSpace {
  readonly a: readonly string[];
  readonly b: readonly string[];
  readonly reduced: readonly string[];
  size(axis: string): number;
  /** Elements passed in the array of the first or second operand when an axis grows by one. */
  step(operand: 0 | 1, axis: string): number;
}

const MOST = { ta: 8, tb: 4, tu: 8 } as const;
/** A body holds no more multiply-adds than this: more spill. */
const MOST_PRODUCTS = 40;
const OFFERED = 12;

/** The tiles worth trying, the cheapest first. */
export function tilesOf(space: TileSpace): readonly [Candidate<Tile>, ...Candidate<Tile>[]] {
  const ranked: { tile: Tile; cost: number }[] = [];
  const points = space.reduced.reduce((n, axis) => n * space.size(axis), 1);
  // Of equals the innermost axes win: their neighbours lie side by side.
  const inward = (axes: readonly string[]): readonly (string | undefined)[] => (axes.length > 0 ? [...axes].reverse() : [undefined]);
  for (const a of inward(space.a)) for (const ta of widths(a, MOST.ta, space)) {
    for (const b of inward(space.b)) for (const tb of widths(b, MOST.tb, space)) {
      for (const u of inward(space.reduced)) for (const tu of unrolls(u, space)) {
        if (ta * tb * tu > MOST_PRODUCTS) continue;
        const tile: Tile = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }), ...(u === undefined ? {} : { u }), ta, tb, tu };
        ranked.push({ tile, cost: costOf(tile, space, points) });
      }
    }
  }
  ranked.sort((x, y) => x.cost - y.cost);
  const seen = new Set<string>();
  const candidates = ranked.map(({ tile }) => ({ label: labelOf(tile), value: tile }))
    .filter(({ label }) => !seen.has(label) && seen.add(label).size <= OFFERED);
  return [candidates[0]!, ...candidates.slice(1)];
}

const labelOf = (t: Tile): string => [[t.a, t.ta], [t.b, t.tb], [t.u, t.tu]].map(([axis, n]) => `${axis ?? ''}${n}`).join(' x ');

function widths(axis: string | undefined, most: number, space: TileSpace): number[] {
  if (axis === undefined) return [1];
  return Array.from({ length: Math.min(most, space.size(axis)) }, (_, n) => n + 1);
}

/** Whole, or a number that divides, or 1. */
function unrolls(axis: string | undefined, space: TileSpace): number[] {
  if (axis === undefined) return [1];
  const size = space.size(axis);
  return Array.from({ length: Math.min(MOST.tu, size) }, (_, n) => n + 1).filter((n) => size % n === 0);
}

/** Cycles for one multiply-add. */
function costOf(t: Tile, space: TileSpace, points: number): number {
  const products = t.ta * t.tb * t.tu;
  const loads = distinct(0, t.a, t.ta, t, space) + distinct(1, t.b, t.tb, t, space);
  const live = t.ta * t.tb + loads;
  const spills = live > 13 ? 4 + 0.8 * (live - 14) + 2.3 * Math.max(0, t.ta * t.tb - 6) : 0;
  const body = Math.max((loads + 2 * products + 7) / 3.5, 3 * t.tu + 1) + spills;
  // A tile also has its accumulators to clear and to store, and its loops to enter.
  const around = (4 * t.ta * t.tb + 14) / 3.5 + 4 * (space.reduced.length - 1);
  const cycles = body + around / (points / t.tu);
  return cycles / products / (0.5 + 0.5 * full(t.a, t.ta, space) * full(t.b, t.tb, space));
}

/** How many different elements a body reads of an operand. */
function distinct(operand: 0 | 1, axis: string | undefined, width: number, t: Tile, space: TileSpace): number {
  const across = axis === undefined ? 0 : space.step(operand, axis);
  const along = t.u === undefined ? 0 : space.step(operand, t.u);
  const offsets = new Set<number>();
  for (let i = 0; i < width; i++) for (let j = 0; j < t.tu; j++) offsets.add(i * across + j * along);
  return offsets.size;
}

/** The share of an axis that full tiles cover. */
function full(axis: string | undefined, width: number, space: TileSpace): number {
  if (axis === undefined) return 1;
  const size = space.size(axis);
  return (size - (size % width)) / size;
}

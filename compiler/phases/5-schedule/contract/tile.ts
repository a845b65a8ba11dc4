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
  // Of equals the innermost axes win: their neighbours lie side by side.
  const inward = (axes: readonly string[]): readonly (string | undefined)[] => (axes.length > 0 ? [...axes].reverse() : [undefined]);
  for (const a of inward(space.a)) for (const ta of widths(a, MOST.ta, space)) {
    for (const b of inward(space.b)) for (const tb of widths(b, MOST.tb, space)) {
      for (const u of inward(space.reduced)) for (const tu of unrolls(u, space)) {
        if (ta * tb * tu > MOST_PRODUCTS) continue;
        const tile: Tile = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }), ...(u === undefined ? {} : { u }), ta, tb, tu };
        ranked.push({ tile, cost: costOf(tile, space) });
      }
    }
  }
  ranked.sort((x, y) => x.cost - y.cost);
  // One of a shape: along other axes it costs no less.
  const seen = new Set<string>();
  const candidates = ranked.filter(({ tile: t }) => !seen.has(`${t.ta} ${t.tb} ${t.tu}`) && seen.add(`${t.ta} ${t.tb} ${t.tu}`).size <= OFFERED)
    .map(({ tile }) => ({ label: labelOf(tile), value: tile }));
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

/** Cycles of V8's code on the machine that this was fitted on (docs/scheduling.md); only their order counts. */
const CYCLES = { instruction: 1 / 3.6, spill: 0.25, storm: 0.08, crowded: 2.5, entry: 5.5, sum: 3, tile: 8 } as const;
/** What a turn of the innermost loop costs beside its arithmetic and its loads. */
const TURN = 8;
/** What another body of text is worth in speed. */
const TEXT = 0.02;
/** Doubles that a body can hold before they go to the stack. */
const REGISTERS = 15;
/** With more sums than this, registers are moved about at the end of each turn. */
const MOST_SUMS = 6;

/** Cycles of the whole sum: full tiles, and the narrower ones at the end of each axis. */
function costOf(t: Tile, space: TileSpace): number {
  let cycles = 0;
  let bodies = 0;
  for (const a of pieces(t.a, t.ta, space)) for (const b of pieces(t.b, t.tb, space)) {
    cycles += a.count * b.count * tileCost({ ...t, ta: a.width, tb: b.width }, space);
    bodies++;
  }
  return cycles * (1 + TEXT * (bodies - 1));
}

/** How an axis is covered: tiles of the full width, and one of what is left. */
function pieces(axis: string | undefined, width: number, space: TileSpace): { width: number; count: number }[] {
  if (axis === undefined) return [{ width: 1, count: 1 }];
  const size = space.size(axis);
  const rest = size % width;
  return [{ width, count: (size - rest) / width }, ...(rest > 0 ? [{ width: rest, count: 1 }] : [])];
}

/** Cycles of one tile, as often as the axes that are not tiled repeat it. */
function tileCost(t: Tile, space: TileSpace): number {
  const products = t.ta * t.tb * t.tu;
  const loads = distinct(0, t.a, t.ta, t, space) + distinct(1, t.b, t.tb, t, space);
  const spills = Math.max(0, t.ta * t.tb + loads - REGISTERS);
  const crowded = t.ta * t.tb > MOST_SUMS ? CYCLES.crowded : 0;
  const body = CYCLES.instruction * (2 * products + loads + TURN) + CYCLES.spill * spills + CYCLES.storm * spills ** 2 + crowded;
  let bodies = 1;
  let entries = 0;
  for (const axis of [...space.reduced.filter((x) => x !== t.u), ...(t.u === undefined ? [] : [t.u])]) {
    const turns = axis === t.u ? space.size(axis) / t.tu : space.size(axis);
    if (turns > 1) entries += bodies;
    bodies *= turns;
  }
  const others = (own: readonly string[], axis: string | undefined): number => own.reduce((n, x) => (x === axis ? n : n * space.size(x)), 1);
  return (bodies * body + entries * CYCLES.entry + CYCLES.sum * t.ta * t.tb + CYCLES.tile) * others(space.a, t.a) * others(space.b, t.b);
}

/** How many different elements a body reads of an operand. */
function distinct(operand: 0 | 1, axis: string | undefined, width: number, t: Tile, space: TileSpace): number {
  const across = axis === undefined ? 0 : space.step(operand, axis);
  const along = t.u === undefined ? 0 : space.step(operand, t.u);
  const offsets = new Set<number>();
  for (let i = 0; i < width; i++) for (let j = 0; j < t.tu; j++) offsets.add(i * across + j * along);
  return offsets.size;
}

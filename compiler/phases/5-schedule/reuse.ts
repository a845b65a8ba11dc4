/**
 * Lanes that are written out one after the other take turns with one local: where `term0` is dead before `term1` is declared,
 * both become `term`. The lanes then differ in their offsets alone, and a compressor finds each in the one before it. An engine
 * numbers every assignment anyhow, so that its code is the same.
 */
import { bodyOf, exprsOf, operands, type LoopExpr, type Stmt } from '../../ir/loop.ts';
import { indexVariablesIn } from '../../ir/loop-walk.ts';

type Let = Stmt & { kind: 'let' };

interface Taken {
  readonly names: (name: string) => boolean;
  /** Locals that indices are made of: what is known of them must go on holding. */
  readonly indices: ReadonlySet<string>;
}

/** `isTaken`: names that are declared outside the body. */
export function reuseLocals(body: readonly Stmt[], isTaken: (name: string) => boolean): Stmt[] {
  const declared = new Set<string>();
  const collect = (all: readonly Stmt[]): void => {
    for (const s of all) {
      if (s.kind === 'let') declared.add(s.name);
      if (s.kind === 'loop') declared.add(s.v);
      collect(bodyOf(s));
    }
  };
  collect(body);
  return inBody(body, new Map(), { names: (name) => declared.has(name) || isTaken(name), indices: indexVariablesIn(body) });
}

/** `renamed`: the locals of the bodies around this one that have another name now. */
function inBody(body: readonly Stmt[], renamed: ReadonlyMap<string, string>, taken: Taken): Stmt[] {
  const turns = turnsIn(body, taken);
  const names = new Map([...renamed, ...[...turns].map(([lane, { name }]) => [lane, name] as const)]);
  const own = new Set(names.values());
  return body.map((s): Stmt => {
    const renewed = renameIn(s, names);
    switch (renewed.kind) {
      case 'let': {
        const turn = turns.get(renewed.name);
        if (!turn) return renewed;
        return turn.first ? { ...renewed, name: turn.name, mutable: true } : { kind: 'set', name: turn.name, op: '=', value: renewed.value };
      }
      case 'loop': case 'when': return { ...renewed, body: inBody(renewed.body, names, { ...taken, names: (name) => own.has(name) || taken.names(name) }) };
      default: return renewed;
    }
  });
}

interface Turn {
  readonly name: string;
  readonly first: boolean;
}

/** The locals of lanes that follow one another, by name. */
function turnsIn(body: readonly Stmt[], taken: Taken): Map<string, Turn> {
  const lastUse = new Map<string, number>();
  body.forEach((s, n) => { for (const name of localsIn(s)) lastUse.set(name, n); });
  const byStem = new Map<string, { readonly name: string; readonly at: number }[]>();
  body.forEach((s, at) => {
    if (!isLane(s) || taken.indices.has(s.name)) return;
    const lanes = byStem.get(stemOf(s)) ?? [];
    byStem.set(stemOf(s), [...lanes, { name: s.name, at }]);
  });
  const turns = new Map<string, Turn>();
  for (const [stem, lanes] of byStem) {
    const inTurn = lanes.every(({ at }, n) => n === 0 || (lastUse.get(lanes[n - 1]!.name) ?? 0) < at);
    const name = [stem, `${stem}At`].find((wish) => !taken.names(wish));
    if (lanes.length < 2 || !inTurn || name === undefined) continue;
    lanes.forEach((lane, n) => turns.set(lane.name, { name, first: n === 0 }));
  }
  return turns;
}

const isLane = (s: Stmt): s is Let => s.kind === 'let' && !s.mutable && s.ty === 'f64' && s.value.kind !== 'const' && s.value.kind !== 'linear' && /[a-z]\d+$/i.test(s.name);
const stemOf = (s: Let): string => s.name.replace(/\d+$/, '');

function* localsIn(s: Stmt): Generator<string> {
  for (const e of exprsOf(s)) yield* localsOf(e);
  for (const inner of bodyOf(s)) yield* localsIn(inner);
  if (s.kind === 'set') yield s.name;
}

function* localsOf(e: LoopExpr): Generator<string> {
  if (e.kind === 'local') yield e.name;
  for (const o of operands(e)) yield* localsOf(o);
}

// -------------------------------------------------------------------------------------------------------- renaming

/** A statement with other names for the locals it reads; what stands inside it is left alone. */
function renameIn(s: Stmt, names: ReadonlyMap<string, string>): Stmt {
  switch (s.kind) {
    case 'let': case 'set': case 'store': return { ...s, value: rename(s.value, names) };
    case 'when': return { ...s, condition: rename(s.condition, names) };
    case 'check': return { ...s, element: { ...s.element, value: rename(s.element.value, names) }, ...(s.when ? { when: rename(s.when, names) } : {}) };
    case 'loop': case 'fill': case 'draw': case 'call': case 'label': return s;
    default: return s satisfies never;
  }
}

function rename(e: LoopExpr, names: ReadonlyMap<string, string>): LoopExpr {
  switch (e.kind) {
    case 'local': return { ...e, name: names.get(e.name) ?? e.name };
    case 'unary': case 'splat': case 'fold': case 'widen': case 'lane': return { ...e, x: rename(e.x, names) };
    case 'shuffle': return { ...e, a: rename(e.a, names), b: rename(e.b, names) };
    case 'join': return { ...e, parts: e.parts.map((x) => rename(x, names)) };
    case 'narrow': return { ...e, low: rename(e.low, names), high: rename(e.high, names) };
    case 'binary': return { ...e, a: rename(e.a, names), b: rename(e.b, names) };
    case 'select': case 'choose': return { ...e, c: rename(e.c, names), a: rename(e.a, names), b: rename(e.b, names) };
    case 'const': case 'named': case 'load': case 'linear': case 'quotient': case 'inside': return e;
    default: return e satisfies never;
  }
}

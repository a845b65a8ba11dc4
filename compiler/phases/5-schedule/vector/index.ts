/**
 * Puts loops into lanes: the innermost loop along which everything that moves lies side by side, or one around it, whose
 * own inner loops then run over vectors. A loop takes several vectors at a time, then one, then what is left point by
 * point. Sums over the lanes' own loop are kept in vectors from the outermost loop on that only sums, and folded behind it.
 */
import { withOwnNames } from '../../../ir/loop-rename.ts';
import { bodyOf, exprsOf, type Linear, type Stmt } from '../../../ir/loop.ts';
import { isFloat, LaneLoop, uses, type Pending, type VectorOptions } from './lane-loop.ts';
import { NotInLanes } from './values.ts';

export type { VectorOptions };

type Loop = Stmt & { kind: 'loop' };

/** Statements with their loops in lanes, where that can be. */
export function vectorize(body: readonly Stmt[], o: VectorOptions): Stmt[] {
  const own = withOwnNames(body, (wish) => o.fresh(wish));
  return block(own, o, { meaning: new Map(), floats: new Set(), isAsked: asks(own), isGuarded: false }).body;
}

export interface Around {
  /** What integer locals stand for. */
  readonly meaning: ReadonlyMap<string, Linear>;
  /** Scalars that hold a float, whatever their type says. */
  readonly floats: ReadonlySet<string>;
  /** A condition stands around. */
  readonly isGuarded: boolean;
  /** Only loops that are to go into lanes do. */
  readonly isAsked: boolean;
}

const asks = (body: readonly Stmt[]): boolean => body.some((s) => (s.kind === 'loop' && s.vectors !== undefined) || asks(bodyOf(s)));

/** A block, and the sums that are still to be folded behind the loop it stands in. */
function block(body: readonly Stmt[], o: VectorOptions, outer: Around): { body: Stmt[]; pending: Pending[] } {
  const meaning = new Map(outer.meaning);
  const floats = new Set(outer.floats);
  const around: Around = { ...outer, meaning, floats };
  const out: Stmt[] = [];
  const pending: Pending[] = [];
  body.forEach((s) => {
    if (s.kind === 'let' && s.value.kind === 'linear') meaning.set(s.name, s.value.at);
    if (s.kind === 'let' && !s.mutable && isFloat(s.value, o)) floats.add(s.name);
    const done = s.kind === 'loop' ? loopIn(s, o, around) : s.kind === 'when' ? whenIn(s, o, around) : { body: [s], pending: [] };
    // A sum goes on outwards unless this block declares it or uses it elsewhere.
    const isHere = (p: Pending): boolean => body.some((x) => (x.kind === 'let' && x.name === p.name) || (x !== s && mentions(x, p.name)));
    const here = done.pending.filter(isHere);
    pending.push(...done.pending.filter((p) => !isHere(p)));
    out.push(...settle(done.body, here));
  });
  return { body: out, pending };
}

/** A condition: what stands inside it in lanes. */
function whenIn(s: Stmt & { kind: 'when' }, o: VectorOptions, around: Around): { body: Stmt[]; pending: Pending[] } {
  const { body, pending } = block(s.body, o, { ...around, isGuarded: true });
  return { body: [body.length === s.body.length && body.every((x, n) => x === s.body[n]) ? s : { ...s, body }], pending };
}

/** Declares the vectors of some sums in front of statements, and folds them behind. */
const settle = (body: readonly Stmt[], sums: readonly Pending[]): Stmt[] => [
  ...sums.flatMap((p) => p.lets), ...body,
  ...sums.map((p): Stmt => (p.op === '+'
    ? { kind: 'set', name: p.name, op: '+=', value: { kind: 'fold', op: '+', x: p.whole } }
    : { kind: 'set', name: p.name, op: '=', value: { kind: 'binary', op: p.op, a: { kind: 'local', ty: 'f64', name: p.name }, b: { kind: 'fold', op: p.op, x: p.whole } } })),
];

/** A loop: what stands inside it in lanes, else itself. */
function loopIn(s: Loop, o: VectorOptions, around: Around): { body: Stmt[]; pending: Pending[] } {
  const hasLoops = s.body.some((x) => x.kind === 'loop' || (x.kind === 'when' && x.body.some((y) => y.kind === 'loop')));
  if (hasLoops) {
    const inner = block(s.body, o, { ...around, isGuarded: around.isGuarded || s.within.length > 0 });
    if (inner.body.length !== s.body.length || inner.body.some((x, n) => x !== s.body[n])) return { body: [{ ...s, body: inner.body }], pending: inner.pending };
  }
  if (around.isAsked && s.vectors === undefined) return { body: [s], pending: [] };
  try {
    return new LaneLoop(s, o, around).run();
  } catch (e) {
    if (e instanceof NotInLanes) return { body: [s], pending: [] };
    throw e;
  }
}

const mentions = (s: Stmt, name: string): boolean =>
  (s.kind === 'set' && s.name === name) || exprsOf(s).some((e) => uses(e, name)) || bodyOf(s).some((x) => mentions(x, name));

/** Walks over LoopNests: every statement, every expression, every index. */
import { bodyOf, exprsOf, operands, type Address, type Linear, type LoopExpr, type LoopNest, type Stmt } from './loop.ts';
import { isVector, typeOf } from './loop-types.ts';

/** Every statement, outer ones before those inside them. */
function* statements(body: readonly Stmt[]): Generator<Stmt> {
  for (const s of body) {
    yield s;
    yield* statements(bodyOf(s));
  }
}

/** Every expression of a body, operands included. */
function* expressions(body: readonly Stmt[]): Generator<LoopExpr> {
  for (const s of statements(body)) for (const e of exprsOf(s)) yield* nested(e);
}

function* nested(e: LoopExpr): Generator<LoopExpr> {
  yield e;
  for (const o of operands(e)) yield* nested(o);
}

/** The indices that a printer writes for an expression; those of its operands not included. */
function linearsOf(e: LoopExpr): readonly Linear[] {
  switch (e.kind) {
    case 'load': return [e.at.flat];
    case 'linear': case 'quotient': return [e.at];
    case 'inside': return [e.range.at];
    case 'const': case 'named': case 'local': case 'unary': case 'binary': case 'select': case 'choose': return [];
    case 'splat': case 'fold': case 'widen': case 'narrow': case 'shuffle': case 'lane': case 'join': return [];
    default: return e satisfies never;
  }
}

/** The statements of a function and of its parts. */
export const wholeBody = (nest: LoopNest): readonly Stmt[] => [...nest.body, ...nest.parts.flatMap((p) => p.body)];

/** Every named constant that a printer may write for a body. */
export function constantsIn(body: readonly Stmt[]): Set<string> {
  const out = new Set<string>();
  const linear = (at: Linear): void => { for (const t of at) for (const f of t.factors ?? []) out.add(f); };
  for (const s of statements(body)) {
    if (s.kind === 'loop') [s.from, s.to].forEach(linear);
    if (s.kind === 'call') s.args.forEach(linear);
    if (s.kind === 'store') linear(s.at.flat);
    if (s.kind === 'check') {
      if (s.sizeName !== undefined) out.add(s.sizeName);
      s.element.index.forEach(linear);
    }
  }
  for (const e of expressions(body)) {
    if (e.kind === 'named') out.add(e.name);
    if (e.kind === 'inside' && e.range.sizeName !== undefined && e.range.high) out.add(e.range.sizeName);
    linearsOf(e).forEach(linear);
  }
  return out;
}

/** Every variable that a body reads, its own included. */
export function localsIn(body: readonly Stmt[]): Set<string> {
  const out = new Set<string>();
  const linear = (at: Linear): void => { for (const t of at) if (t.v !== undefined) out.add(t.v); };
  for (const s of statements(body)) {
    if (s.kind === 'loop') [s.from, s.to].forEach(linear);
    if (s.kind === 'call') s.args.forEach(linear);
    if (s.kind === 'store') linear(s.at.flat);
    if (s.kind === 'set') out.add(s.name);
    if (s.kind === 'check') {
      out.add(s.local);
      s.element.index.forEach(linear);
    }
  }
  for (const e of expressions(body)) {
    if (e.kind === 'local') out.add(e.name);
    linearsOf(e).forEach(linear);
  }
  return out;
}

/** The loop variables and locals that indices of a body are made of, and the locals that are checked to become one. */
export function indexVariablesIn(body: readonly Stmt[]): Set<string> {
  const out = new Set<string>();
  const linear = (at: Linear): void => { for (const t of at) if (t.v !== undefined) out.add(t.v); };
  const address = ({ flat, slots }: Address): void => [flat, ...slots.map((s) => s.at)].forEach(linear);
  for (const s of statements(body)) {
    if (s.kind === 'loop') [s.from, s.to, ...s.within.map((r) => r.at)].forEach(linear);
    if (s.kind === 'call') s.args.forEach(linear);
    if (s.kind === 'store') address(s.at);
    if (s.kind === 'check') {
      out.add(s.local);
      s.element.index.forEach(linear);
    }
  }
  for (const e of expressions(body)) {
    if (e.kind === 'load') address(e.at);
    linearsOf(e).forEach(linear);
  }
  return out;
}

/** Every function outside Math that a printer calls for a body. */
export function functionsIn(body: readonly Stmt[]): Set<string> {
  const out = new Set<string>();
  for (const e of expressions(body)) if (e.kind === 'unary' && (e.op === 'erf' || e.op === 'sigmoid')) out.add(e.op);
  for (const s of statements(body)) {
    if (s.kind === 'check') out.add('badIndex');
    if (s.kind === 'draw') out.add('fillUniform');
  }
  return out;
}

/** The arrays that a body reads or writes, by name. */
export function buffersIn(body: readonly Stmt[]): Set<string> {
  const out = new Set<string>();
  for (const e of expressions(body)) if (e.kind === 'load') out.add(e.buffer);
  for (const s of statements(body)) if (s.kind === 'store' || s.kind === 'fill' || s.kind === 'draw') out.add(s.buffer);
  return out;
}

/** Whether a body computes with lanes. */
export function hasLanes(body: readonly Stmt[]): boolean {
  for (const e of expressions(body)) if (isVector(typeOf(e))) return true;
  return false;
}

/** Makes and walks expressions. Every expression comes from here, so that equal ones are the same object. */
import { unreachable } from '../support/invariant.ts';
import { affineAxes, negateInt, substituteAxes, type Affine } from './affine.ts';
import type { BinaryOp, Expr, ExprOf, ReduceOp, Ties, UnaryOp } from './tensor.ts';

const known = new Map<string, WeakRef<Expr>>();
const forget = new FinalizationRegistry<string>((key) => {
  if (!known.get(key)?.deref()) known.delete(key);
});
let ids = 0;

type Bare<E> = E extends Expr ? Omit<E, 'id'> : never;

/** Children enter a key by id, so keys stay short. */
function intern(key: string, fields: Bare<Expr>): Expr {
  const old = known.get(key)?.deref();
  if (old) return old;
  const made = Object.freeze({ ...fields, id: ids++ }) as Expr;
  known.set(key, new WeakRef(made));
  forget.register(made, key);
  return made;
}

export const constant = (value: number): Expr => intern(`c${Object.is(value, -0) ? '-0' : value}`, { kind: 'const', value });
export const option = (name: string): Expr => intern(`o${name}`, { kind: 'option', name });
export const size = (axis: string): Expr => intern(`s${axis}`, { kind: 'size', axis });
export const indexOf = (axis: string): Expr => intern(`i${axis}`, { kind: 'index', axis });
export const read = (tensor: string, index: readonly Affine[]): Expr =>
  intern(`r${tensor}[${index.map((a) => a.key).join(';')}]`, { kind: 'read', tensor, index });
export const unary = (op: UnaryOp, x: Expr): Expr => intern(`u${op}(${x.id})`, { kind: 'unary', op, x });
export const binary = (op: BinaryOp, a: Expr, b: Expr): Expr => intern(`b${op}(${a.id},${b.id})`, { kind: 'binary', op, a, b });
export const select = (c: Expr, a: Expr, b: Expr): Expr => intern(`w(${c.id},${a.id},${b.id})`, { kind: 'select', c, a, b });
export const reduce = (op: ReduceOp, axes: readonly string[], body: Expr): Expr =>
  intern(`R${op}[${axes.join(',')}](${body.id})`, { kind: 'reduce', op, axes, body });
export const hit = (of: string, ties: Ties): Expr => intern(`h${of}:${ties}`, { kind: 'hit', of, ties });

export const add = (a: Expr, b: Expr): Expr => binary('+', a, b);
export const sub = (a: Expr, b: Expr): Expr => binary('-', a, b);
export const mul = (a: Expr, b: Expr): Expr => binary('*', a, b);
export const div = (a: Expr, b: Expr): Expr => binary('/', a, b);
export const neg = (x: Expr): Expr => unary('neg', x);

/** The operands of an expression, in order. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'const': case 'option': case 'size': case 'index': case 'read': case 'hit': return [];
    case 'unary': return [e.x];
    case 'binary': return [e.a, e.b];
    case 'select': return [e.c, e.a, e.b];
    case 'reduce': return [e.body];
    default: return unreachable(e);
  }
}

/** The same expression over other children; the same object where they are the same. */
export function withChildren(e: Expr, kids: readonly Expr[]): Expr {
  const [x, y, z] = kids as [Expr, Expr, Expr];
  switch (e.kind) {
    case 'const': case 'option': case 'size': case 'index': case 'read': case 'hit': return e;
    case 'unary': return x === e.x ? e : unary(e.op, x);
    case 'binary': return x === e.a && y === e.b ? e : binary(e.op, x, y);
    case 'select': return x === e.c && y === e.a && z === e.b ? e : select(x, y, z);
    case 'reduce': return x === e.body ? e : reduce(e.op, e.axes, x);
    default: return unreachable(e);
  }
}

/** Rewrites bottom-up; `visit` sees each node over its rewritten children. */
export function rewrite(e: Expr, visit: (e: Expr) => Expr): Expr {
  return visit(withChildren(e, children(e).map((c) => rewrite(c, visit))));
}

/** Every node, parents before children. */
export function* walk(e: Expr): Generator<Expr> {
  yield e;
  for (const c of children(e)) yield* walk(c);
}

/** Every read, those inside index positions (gathers) included, as (tensor, index). */
export function readsOf(e: Expr): { tensor: string; index: readonly Affine[] }[] {
  const out: { tensor: string; index: readonly Affine[] }[] = [];
  const visit = (tensor: string, index: readonly Affine[]): void => {
    out.push({ tensor, index });
    for (const a of index) for (const t of a.terms) if (t.variable.kind === 'element') visit(t.variable.tensor, t.variable.index);
  };
  for (const n of walk(e)) if (n.kind === 'read') visit(n.tensor, n.index);
  return out;
}

/** The axes an expression leaves free, in order of first appearance. */
export function freeAxes(e: Expr): Set<string> {
  const out = new Set<string>();
  const visit = (n: Expr, bound: ReadonlySet<string>): void => {
    if (n.kind === 'index' && !bound.has(n.axis)) out.add(n.axis);
    if (n.kind === 'read') for (const a of n.index) for (const axis of affineAxes(a)) if (!bound.has(axis)) out.add(axis);
    const inner = n.kind === 'reduce' ? new Set([...bound, ...n.axes]) : bound;
    for (const c of children(n)) visit(c, inner);
  };
  visit(e, new Set());
  return out;
}

/** Puts indices in the place of free axes; reductions that bind an axis shield it. Throws on capture: rename first. */
export function substitute(e: Expr, by: ReadonlyMap<string, Affine>): Expr {
  if (by.size === 0) return e;
  switch (e.kind) {
    case 'read': {
      const index = e.index.map((a) => substituteAxes(a, (axis) => by.get(axis)));
      return index.every((a, n) => a === e.index[n]) ? e : read(e.tensor, index);
    }
    case 'index': {
      const to = by.get(e.axis);
      return to ? affineExpr(to) : e;
    }
    case 'reduce': {
      const inner = new Map([...by].filter(([axis]) => !e.axes.includes(axis)));
      return withChildren(e, [substitute(e.body, inner)]);
    }
    case 'select': {
      const [c, a, b] = children(e).map((x) => substitute(x, by)) as [Expr, Expr, Expr];
      const known = constantTruth(c);
      return known === undefined ? withChildren(e, [c, a, b]) : known ? a : b;
    }
    default: return withChildren(e, children(e).map((c) => substitute(c, by)));
  }
}

/** Whether a comparison of two numbers holds: `index(A) <= 0` at A = 0. */
function constantTruth(c: Expr): boolean | undefined {
  if (c.kind !== 'binary' || c.a.kind !== 'const' || c.b.kind !== 'const') return undefined;
  const [a, b] = [c.a.value, c.b.value];
  switch (c.op) {
    case '<': return a < b;
    case '<=': return a <= b;
    case '>': return a > b;
    case '>=': return a >= b;
    case '==': return a === b;
    case '!=': return a !== b;
    default: return undefined;
  }
}

/** An index as an ordinary expression: `index(C) - 1`, what is added before what is taken away. */
export function affineExpr(a: Affine): Expr {
  const parts = a.terms.map((t) => {
    const v = t.variable.kind === 'axis' ? indexOf(t.variable.axis) : read(t.variable.tensor, t.variable.index);
    const negative = isNegative(t.k);
    const k = intExpr(negative ? negateInt(t.k) : t.k);
    return { negative, e: isConst(k, 1) ? v : mul(v, k) };
  });
  if (a.constant.terms.length > 0) {
    const negative = isNegative(a.constant);
    parts.push({ negative, e: intExpr(negative ? negateInt(a.constant) : a.constant) });
  }
  const lead = parts.findIndex((p) => !p.negative);
  if (lead > 0) parts.unshift(...parts.splice(lead, 1));
  const sum = parts.reduce<Expr | undefined>(
    (s, p) => (s ? (p.negative ? sub(s, p.e) : add(s, p.e)) : !p.negative ? p.e : p.e.kind === 'const' ? constant(-p.e.value) : neg(p.e)), undefined,
  ) ?? constant(0);
  const divisor = intExpr(a.divisor);
  return isConst(divisor, 1) ? sum : div(sum, divisor);
}

/** One term, and that taken away. */
const isNegative = (i: Affine['constant']): boolean => i.terms.length === 1 && i.terms[0]!.k < 0;

/** An integer expression as an ordinary one. */
function intExpr(i: Affine['constant']): Expr {
  let sum: Expr | undefined;
  for (const t of i.terms) {
    let product: Expr | undefined = t.k === 1 && t.symbols.length > 0 ? undefined : constant(t.k);
    for (const s of t.symbols) {
      const e = s.kind === 'option' ? option(s.name) : s.kind === 'size' ? size(s.axis)
        : s.exact ? div(intExpr(s.a), intExpr(s.b)) : unary('floor', div(intExpr(s.a), intExpr(s.b)));
      product = product ? mul(product, e) : e;
    }
    sum = sum ? add(sum, product!) : product!;
  }
  return sum ?? constant(0);
}

export const isConst = (e: Expr, value: number): e is ExprOf<'const'> => e.kind === 'const' && Object.is(e.value, value);

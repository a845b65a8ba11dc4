/**
 * The raw reverse sweep: one adjoint a definition, nothing simplified. `backwardStaged` is this sweep, and it is the
 * reference that the simplified backward is proved and tested against.
 */
import { invariant, unreachable } from '../../support/invariant.ts';
import { axisIndex, baseAxis, type Affine } from '../../ir/affine.ts';
import {
  add, binary, constant, div, freeAxes, hit, indexOf, mul, neg, read, reduce, select, size, substitute, sub,
} from '../../ir/expr.ts';
import type { Names } from '../../ir/fresh.ts';
import type { Definition, Env, Expr, ReduceOp, Ties } from '../../ir/tensor.ts';
import { scatter } from './scatter.ts';
import { unaryDerivatives } from './derivatives.ts';

export interface Sweep {
  /** `hit(y)` of the maxima that gradients pass through. */
  readonly hits: readonly Definition[];
  /** Adjoints in the order they are computed; the gradients of the wanted tensors among them, under their own names. */
  readonly adjoints: readonly Definition[];
}

export interface SweepRequest {
  /** Flattened, in order. */
  readonly definitions: readonly Definition[];
  /** Output name -> upstream tensor name, with its axes. */
  readonly upstream: ReadonlyMap<string, { readonly name: string; readonly axes: readonly string[] }>;
  /** Tensors whose gradients are wanted, with their axes. */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
  readonly ties: Ties;
  readonly env: Env;
  readonly names: Names;
}

/** Derives the adjoint of every definition that a wanted tensor flows into. */
export function reverse(request: SweepRequest): Sweep {
  const { definitions, upstream, wanted, env, names, ties } = request;
  const axesOf = new Map<string, readonly string[]>([...wanted, ...definitions.map((d) => [d.name, d.axes] as const)]);
  const active = activeNames(definitions, wanted);
  const pending = new Map<string, Expr[]>();
  const hits: Definition[] = [];
  const adjoints: Definition[] = [];

  const contribute = (tensor: string, index: readonly Affine[], payload: Expr, axes: readonly string[]): void => {
    if (!active.has(tensor) || (payload.kind === 'const' && payload.value === 0)) return;
    const own = axesOf.get(tensor)!;
    const list = pending.get(tensor) ?? [];
    list.push(scatter({ own, index, payload, axes }, env));
    pending.set(tensor, list);
  };

  const total = (tensor: string): Expr | undefined => {
    const up = upstream.get(tensor);
    const parts = [...(up ? [read(up.name, up.axes.map(axisIndex))] : []), ...(pending.get(tensor) ?? [])];
    return parts.length === 0 ? undefined : parts.reduce(add);
  };

  for (const d of [...definitions].reverse()) {
    if (!active.has(d.name)) continue;
    const sum = total(d.name);
    if (!sum) continue;
    const adjoint = nameAdjoint(d, sum, names, adjoints);
    const flow = (e: Expr, g: Expr, axes: readonly string[]): void => backThrough(e, g, (t, i, p) => contribute(t, i, p, axes));
    if (d.formula.kind !== 'reduce') {
      flow(d.formula, adjoint, d.axes);
      continue;
    }
    const { op, axes, body } = d.formula;
    const all = [...d.axes, ...axes];
    flow(body, through(d, op, axes, body, adjoint), all);
  }

  function through(d: Definition, op: ReduceOp, axes: readonly string[], body: Expr, g: Expr): Expr {
    switch (op) {
      case 'sum': return g;
      case 'mean': return div(g, axes.map((a) => size(baseAxis(a))).reduce(mul));
      case 'max': case 'min': {
        const name = `hit(${d.name})`;
        const hitAxes = [...d.axes, ...axes];
        if (!hits.some((h) => h.name === name)) hits.push({ name, axes: hitAxes, formula: hit(d.name, ties), outside: 0 });
        return mul(g, read(name, hitAxes.map(axisIndex)));
      }
      case 'prod': return mul(g, productOfOthers(axes, body));
      default: return unreachable(op);
    }
  }

  for (const [tensor, axes] of wanted) {
    adjoints.push({ name: `d${tensor}`, axes, formula: total(tensor) ?? constant(0) });
  }
  return { hits, adjoints };
}

/** The definitions that a wanted tensor flows into, and the wanted tensors. */
function activeNames(definitions: readonly Definition[], wanted: ReadonlyMap<string, unknown>): Set<string> {
  const active = new Set(wanted.keys());
  for (const d of definitions) {
    backThrough(d.formula.kind === 'reduce' ? d.formula.body : d.formula, constant(1), (t) => { if (active.has(t)) active.add(d.name); });
  }
  return active;
}

/** Names an adjoint, unless it is a single read already (then a name would only copy it). */
function nameAdjoint(d: Definition, sum: Expr, names: Names, adjoints: Definition[]): Expr {
  const at = d.axes.map(axisIndex);
  if (sum.kind === 'read' && sum.index.every((a, n) => a.key === at[n]?.key)) return sum;
  const free = freeAxes(sum);
  const axes = d.axes.filter((a) => free.has(a));
  const name = names.fresh(`d${d.name}`);
  adjoints.push({ name, axes, formula: sum, outside: 0 });
  return read(name, axes.map(axisIndex));
}

/** Each element is multiplied by the product of the others, which stays right where an element is 0. */
function productOfOthers(axes: readonly string[], body: Expr): Expr {
  const free = freeAxes(body);
  const copies = axes.map((a) => {
    let copy = `${a}'`;
    while (free.has(copy)) copy += "'";
    return copy;
  });
  const here = axes.map((a, n) => binary('==', indexOf(copies[n]!), indexOf(a))).reduce((a, b) => binary('and', a, b));
  const other = substitute(body, new Map(axes.map((a, n) => [a, axisIndex(copies[n]!)])));
  return reduce('prod', copies, select(here, constant(1), other));
}

/** Walks a formula from its value to its reads, giving each read what flows to it. Every reduction was lifted before. */
function backThrough(e: Expr, g: Expr, give: (tensor: string, index: readonly Affine[], payload: Expr) => void): void {
  const go = (x: Expr, h: Expr): void => backThrough(x, h, give);
  const zero = constant(0);
  switch (e.kind) {
    case 'const': case 'option': case 'size': case 'index': case 'hit': return;
    case 'read': give(e.tensor, e.index, g); return;
    case 'select':
      if (!isZero(e.a)) go(e.a, select(e.c, g, zero));
      if (!isZero(e.b)) go(e.b, select(e.c, zero, g));
      return;
    case 'unary': {
      const derivative = unaryDerivatives[e.op];
      if (derivative) go(e.x, derivative(g, e.x, e));
      return;
    }
    case 'binary': {
      const { op, a, b } = e;
      switch (op) {
        case '+': go(a, g); go(b, g); return;
        case '-': go(a, g); go(b, neg(g)); return;
        case '*': go(a, mul(g, b)); go(b, mul(g, a)); return;
        case '/': go(a, div(g, b)); go(b, neg(div(mul(g, a), binary('^', b, constant(2))))); return;
        case '^': go(a, mul(g, mul(b, powerBelow(a, b)))); return;
        case 'max': go(a, select(binary('>', a, b), g, zero)); go(b, select(binary('>', a, b), zero, g)); return;
        case 'min': go(a, select(binary('<', a, b), g, zero)); go(b, select(binary('<', a, b), zero, g)); return;
        case '<': case '<=': case '>': case '>=': case '==': case '!=': case 'and': case 'or': return;
        default: return unreachable(op);
      }
    }
    case 'reduce': invariant(false, 'a reduction inside a flattened formula');
  }
}

const isZero = (e: Expr): boolean => e.kind === 'const' && e.value === 0;

/** a^(b - 1), with the exponent folded where it is a number. */
function powerBelow(a: Expr, b: Expr): Expr {
  const n = b.kind === 'const' ? b.value : b.kind === 'unary' && b.op === 'neg' && b.x.kind === 'const' ? -b.x.value : undefined;
  if (n === undefined) return binary('^', a, sub(b, constant(1)));
  if (n === 2) return a;
  return binary('^', a, constant(n - 1));
}

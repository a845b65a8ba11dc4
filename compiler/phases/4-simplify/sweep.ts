/**
 * The normalising sweep: reverse mode over the flattened forward in which every contribution is brought to normal form,
 * in letters that backward has, as it is made. The closed form is what the sweep leaves behind; there is no search.
 */
import { addAffine, affineText, axisIndex, bareAxis, int, intValue, scaleAffine, substituteAxes, type Affine } from '../../ir/affine.ts';
import { alwaysInside, solveIndex } from '../../ir/deltas.ts';
import { binary, indexOf, reduce, select, substitute, constant } from '../../ir/expr.ts';
import type { Expr, Tensor } from '../../ir/tensor.ts';
import type { Context } from './context.ts';
import { slopesOf } from './derivatives.ts';
import { expressMonomial } from './express.ts';
import { foldMonomial } from './fold.ts';
import { decideGuards, keepSafe, readsAnywhere } from './guards.ts';
import type { Letter } from './letters.ts';
import {
  commonFactor, differentTerms, equalGuard, guarded, insideGuard, monomial, multiply, ofAtom, ONE, poly, polyAxes, readAtom, substituteMonomial,
  wholeAtom, ZERO, addPoly, type Atom, type Monomial, type Poly,
} from './poly.ts';
import * as Q from './rational.ts';
import { sumPoly } from './sum.ts';

export interface SweepInput {
  /** The flattened forward, in order. */
  readonly forward: readonly Letter[];
  readonly upstream: readonly Tensor[];
  /** Tensors whose gradients are wanted. */
  readonly wanted: readonly Tensor[];
  /** Whether an adjoint is 0 at every input; asked of maxima only. */
  readonly isZero: (p: Poly) => boolean;
}

/** The gradient of each wanted tensor, as a normal form over its axes. */
export function sweep(input: SweepInput, cx: Context): Map<string, Poly> {
  const { letters, log } = cx;
  const active = activeLetters(input);
  const pending = new Map<string, Poly>();
  for (const t of input.upstream) {
    const output = t.name.slice(1);
    pending.set(output, [ofAtom(readAtom(t.name, t.axes.map(axisIndex)))]);
  }
  const largest = Math.max(...input.forward.map((l) => letters.elements(l.axes)), 1);

  const contribute = (tensor: string, index: readonly Affine[], terms: Poly, axes: readonly string[]): void => {
    if (!active.has(tensor) || terms.length === 0) return;
    const own = letters.get(tensor).axes;
    log.begin(labelOf(letters.get(tensor), cx));
    const folded = fold(terms, cx);
    const part = scatterPoly(own, index, folded, axes, cx);
    const before = printed(terms, axes, own, index, cx);
    log.contribution(before, log.print(part));
    pending.set(tensor, addPoly(pending.get(tensor) ?? ZERO, part));
  };

  for (const letter of [...input.forward].reverse()) {
    let adjoint = pending.get(letter.name);
    if (!adjoint || adjoint.length === 0 || !active.has(letter.name)) continue;
    if (letter.body.kind === 'reduce' && (letter.body.op === 'max' || letter.body.op === 'min') && input.isZero(adjoint)) {
      log.begin(labelOf(letter, cx));
      log.step('proved-zero', log.print(adjoint), '0');
      continue;
    }
    adjoint = keepOrInline(letter, adjoint, largest, cx);
    flowThrough(letter, adjoint, active, contribute, cx);
  }
  return new Map(input.wanted.map((t) => [t.name, pending.get(t.name) ?? ZERO]));
}

/** The letters a wanted tensor flows into, and the wanted tensors. */
function activeLetters(input: SweepInput): Set<string> {
  const active = new Set(input.wanted.map((t) => t.name));
  const reads = (m: Monomial): boolean => m.powers.some((p) => p.atom.kind === 'read' && active.has(p.atom.tensor));
  for (const { name, body } of input.forward) {
    const flat = body.kind === 'call' && (body.op === 'floor' || body.op === 'sign');
    const monomials = body.kind === 'sum' ? body.poly : body.kind === 'reduce' ? [body.body] : body.kind === 'call' && !flat ? body.args : [];
    if (monomials.some(reads)) active.add(name);
  }
  return active;
}

type Contribute = (tensor: string, index: readonly Affine[], terms: Poly, axes: readonly string[]) => void;

function flowThrough(letter: Letter, adjoint: Poly, active: ReadonlySet<string>, contribute: Contribute, cx: Context): void {
  const { body } = letter;
  /** d m / d (each read in it), times g. */
  const through = (m: Monomial, g: Poly, axes: readonly string[]): void => {
    for (const p of m.powers) {
      if (p.atom.kind !== 'read' || !active.has(p.atom.tensor)) continue;
      const others = m.powers.filter((q) => q !== p);
      const lower = Q.add(p.exponent, Q.MINUS_ONE);
      const slope = monomial(Q.mul(m.coefficient, p.exponent), [...others, { atom: p.atom, exponent: lower }], m.guards);
      contribute(p.atom.tensor, p.atom.index, poly(g.map((t) => multiply(t, slope))), axes);
    }
  };
  switch (body.kind) {
    case 'sum':
      for (const m of body.poly) through(m, adjoint, letter.axes);
      return;
    case 'call':
      slopesOf(letter, cx).forEach((slope, n) => {
        if (slope) through(body.args[n]!, poly(adjoint.map((t) => multiply(t, slope))), letter.axes);
      });
      return;
    case 'reduce': {
      const axes = [...letter.axes, ...body.axes];
      if (body.op === 'sum') { through(body.body, adjoint, axes); return; }
      const factor = body.op === 'prod'
        ? othersAtom(letter, body.axes, body.body, cx)
        : wholeAtom(cx.letters.get(`hit(${letter.name})`));
      through(body.body, poly(adjoint.map((t) => multiply(t, ofAtom(factor)))), axes);
      return;
    }
    case 'leaf': case 'hit': case 'opaque': return;
  }
}

/** The product of the other elements, which stays right where an element is 0. */
function othersAtom(letter: Letter, axes: readonly string[], body: Monomial, cx: Context): Atom {
  const copies = axes.map((a) => `${a}''`);
  const e = expressMonomial(body, cx.express);
  const here = axes.map((a, n): Expr => binary('==', indexOf(copies[n]!), indexOf(a))).reduce((a, b) => binary('and', a, b));
  const other = substitute(e, new Map(axes.map((a, n) => [a, axisIndex(copies[n]!)])));
  const formula = reduce('prod', copies, select(here, constant(1), other));
  const reads = body.powers.flatMap((p) => (p.atom.kind === 'read' ? [p.atom.tensor] : []));
  return wholeAtom(cx.letters.obtain({ kind: 'opaque', formula, reads }, [...letter.axes, ...axes], 'others'));
}

/** An adjoint of more terms is kept whole: passed on as it is, it would grow with every definition on the way. */
const MOST_TERMS = 8;

/**
 * An adjoint becomes a letter of its own where it is worth a name: several terms of something small (a statistic), or more
 * than the upstream gradient and read at shifted indices (made once, read often).
 */
function keepOrInline(letter: Letter, adjoint: Poly, largest: number, cx: Context): Poly {
  const { letters } = cx;
  const small = differentTerms(adjoint) >= 2 && letters.elements(letter.axes) < largest;
  const plain = adjoint.length === 1 && adjoint[0]!.guards.length === 0 && adjoint[0]!.powers.length === 1
    && adjoint[0]!.powers[0]!.atom.kind === 'read' && letters.find(adjoint[0]!.powers[0]!.atom.tensor)?.zeroOutside === true;
  const shifted = !plain && readsShifted(letter, letters.get.bind(letters));
  const many = differentTerms(adjoint) > MOST_TERMS;
  if (!small && !shifted && !many) return adjoint;
  if (adjoint.length === 1 && isRead(adjoint[0]!) && !shifted) return adjoint;
  // What all terms share stays outside, where it may still cancel: `e / z * (...)` is `probs * (...)`.
  const factored = shifted ? { common: ONE, rest: adjoint } : commonFactor(adjoint);
  const { common } = factored;
  const rest = poly(factored.rest.map((m) => keepSafe(m, common.guards, letters)));
  const kept = letters.obtain({ kind: 'sum', poly: rest }, shifted ? letter.axes : polyAxes(rest), `d${letter.name}`, shifted);
  return [multiply(common, ofAtom(readAtom(kept.name, kept.axes.map(axisIndex))))];
}

const isRead = (m: Monomial): boolean => m.powers.length === 1 && m.guards.length === 0 && Q.isOne(m.coefficient) && Q.isOne(m.powers[0]!.exponent);

/** Whether a definition reads something at an index that is not its own axes: its adjoint will be read shifted. */
function readsShifted(letter: Letter, get: (name: string) => Letter): boolean {
  const { body } = letter;
  const monomials = body.kind === 'sum' ? body.poly : body.kind === 'reduce' ? [body.body] : body.kind === 'call' ? body.args : [];
  return monomials.some((m) => m.powers.some((p) => {
    if (p.atom.kind !== 'read') return false;
    const own = get(p.atom.tensor).axes;
    return p.atom.index.some((a) => {
      const axis = bareAxis(a);
      return axis === undefined ? a.terms.some((t) => t.variable.kind === 'axis') : !own.includes(axis) && letter.axes.includes(axis);
    });
  }));
}

function fold(p: Poly, cx: Context): Poly {
  return poly(p.map((m) => foldMonomial(m, cx, (before, after) => {
    cx.log.fired('fold-definition');
    cx.log.step('fold-definition', cx.log.print([ofAtom(before)]), cx.log.print([after]));
  })));
}

/** The adjoint of reading at an index: a sum over the reader's axes where the index equals the element asked for. */
function scatterPoly(own: readonly string[], index: readonly Affine[], terms: Poly, axes: readonly string[], cx: Context): Poly {
  const { env } = cx.letters;
  const kept = new Set(own.filter((axis, n) => bareAxis(index[n]!) === axis));
  const taken = new Set([...axes, ...own]);
  const renaming = new Map<string, Affine>();
  let summed = axes.filter((axis) => !kept.has(axis)).map((axis) => {
    if (!own.includes(axis)) return axis;
    let copy = axis;
    do copy += "'"; while (taken.has(copy));
    taken.add(copy);
    renaming.set(axis, axisIndex(copy));
    return copy;
  });
  let current = terms.map((m) => substituteMonomial(m, renaming));
  const slots = index.map((a) => substituteAxes(a, (axis) => renaming.get(axis)));
  own.forEach((axis, n) => {
    if (kept.has(axis)) return;
    const solved = solveIndex(axis, slots[n]!, summed, env);
    if (!solved) {
      const difference = addAffine(slots[n]!, scaleAffine(axisIndex(axis), int(-1)));
      current = current.map((m) => guarded(m, [equalGuard(difference)]));
      return;
    }
    cx.log.fired(intValue(solved.value.divisor, env) === 1 ? 'delta-sum' : 'delta-stride');
    const by = new Map([[solved.axis, solved.value]]);
    summed = summed.filter((a) => a !== solved.axis);
    const inside = alwaysInside(solved.axis, solved.value, env) ? [] : [insideGuard(solved.value, solved.axis)];
    current = current.map((m) => guarded(substituteMonomial(m, by), inside));
    for (let k = n + 1; k < slots.length; k++) slots[k] = substituteAxes(slots[k]!, (a) => by.get(a));
  });
  const left = current.map((m) => absorb(decideGuards(m, cx.letters, cx.log), cx));
  return sumPoly(poly(left), cx.letters.sort(summed), cx);
}

/**
 * A guard that only says "this gradient is read inside" is what reading a gradient means, and goes; unless something
 * else would then be read outside its array.
 */
function absorb(m: Monomial, cx: Context): Monomial {
  const reads = m.powers.flatMap((p) => {
    const letter = p.atom.kind === 'read' ? cx.letters.find(p.atom.tensor) : undefined;
    return p.atom.kind === 'read' && letter ? [{ index: p.atom.index, letter, positive: Q.sign(p.exponent) > 0 }] : [];
  });
  const rest = monomial(m.coefficient, m.powers, m.guards.filter((g) => g.kind !== 'inside'));
  if (readsAnywhere(rest, cx.letters)) return m;
  const guards = m.guards.filter((g) => g.kind !== 'inside' || !reads.some(({ index, letter, positive }) =>
    positive && letter.zeroOutside && index.some((a, n) => a.key === g.value.key && letter.axes[n] === g.axis)));
  return monomial(m.coefficient, m.powers, guards);
}

/** `xhat`, or the formula of a definition without a name. */
function labelOf(letter: Letter, cx: Context): string {
  return letter.anonymous ? `(${cx.log.print([ofAtom(wholeAtom(letter))])})` : letter.name;
}

/** `sum[OH, HH](w * dout for H = OH*stride + HH - pad)`. */
function printed(terms: Poly, axes: readonly string[], own: readonly string[], index: readonly Affine[], cx: Context): string {
  const where = own.flatMap((axis, n) => (bareAxis(index[n]!) === axis ? [] : [`${axis} = ${affineText(index[n]!)}`]));
  const text = cx.log.print(terms) + (where.length > 0 ? ` for ${where.join(', ')}` : '');
  const extra = axes.filter((a) => !own.includes(a));
  return extra.length === 0 ? text : `sum[${extra.join(', ')}](${text})`;
}

/**
 * Proofs that two normal forms are equal. Everything is unfolded to the inputs and multiplied out; nested sums are
 * flattened; what stands under a negative or fractional power becomes a letter named by its content. A difference that
 * vanishes is a proof. Each step is an identity of real functions where both sides are defined, so a proof is sound; not
 * finding one says nothing. Proof forms are never emitted: multiplied-out sums cancel badly.
 */
import { axisIndex, baseAxis, intValue, type Affine } from '../../ir/affine.ts';
import { alwaysInside, solveZero } from '../../ir/deltas.ts';
import type { Letters } from './letters.ts';
import {
  canRaise, guarded, insideGuard, monomial, monomialAxes, multiply, number, numberAtom, ofAtom, raise, readAtom, scale, sizeAtom, atomAxes,
  substituteMonomial, type Atom, type Monomial, type Poly,
} from './poly.ts';
import * as Q from './rational.ts';

/** One product under sums over `bound`. */
interface Term {
  readonly m: Monomial;
  readonly bound: readonly string[];
}

const MAX_TERMS = 4000;
const MAX_DEPTH = 40;
const MAX_CLEARINGS = 6;
const MAX_ORDERS = 720;
/** Terms put in canonical form, each in every order of its bound axes: under a second. The proofs of the shipped layers take up to 1800. */
const MAX_WORK = 10_000;

class TooLarge extends Error {}

export class Prover {
  readonly #letters: Letters;
  /** Letters under powers: name -> the terms they stand for. */
  readonly #sums = new Map<string, { terms: readonly Term[]; axes: readonly string[] }>();
  readonly #unfolded = new Map<string, readonly Term[]>();
  #copies = 0;
  #work = 0;

  constructor(letters: Letters) {
    this.#letters = letters;
  }

  /** Whether p is 0 at every input; false also where no proof was found. */
  isZero(p: Poly): boolean {
    try {
      return this.#vanishes(this.#unfoldPoly(p, 0), MAX_CLEARINGS);
    } catch (error) {
      if (error instanceof TooLarge) return false;
      throw error;
    }
  }

  // ------------------------------------------------------------------------------------------------- unfolding

  #unfoldPoly(p: Poly, depth: number): Term[] {
    if (depth > MAX_DEPTH) throw new TooLarge();
    return this.#collect(p.flatMap((m) => this.#unfoldMonomial(m, depth)));
  }

  #unfoldMonomial(m: Monomial, depth: number): Term[] {
    let terms: Term[] = [{ m: monomial(m.coefficient, [], m.guards), bound: [] }];
    for (const p of m.powers) terms = this.#product(terms, this.#unfoldPower(p.atom, p.exponent, depth));
    return terms;
  }

  #unfoldPower(atom: Atom, e: Q.Rational, depth: number): Term[] {
    const plain: Term[] = [{ m: ofAtom(atom, e), bound: [] }];
    const letter = atom.kind === 'read' ? this.#letters.find(atom.tensor) : undefined;
    if (atom.kind !== 'read' || !letter) return plain;
    const { body } = letter;
    if (body.kind === 'leaf' || body.kind === 'hit' || body.kind === 'opaque') return plain;
    const at = new Map(letter.axes.map((axis, n) => [axis, atom.index[n]!]));
    const equation = this.#letters.equations.get(letter.name);
    if (equation && Q.isInteger(e)) return this.#unfoldMonomial(raise(substituteMonomial(equation, at), e), depth + 1);
    if (body.kind === 'call' || (body.kind === 'reduce' && body.op !== 'sum')) return [{ m: ofAtom(this.#opaque(letter.name, at, depth), e), bound: [] }];
    const own = this.#bodyTerms(letter.name, depth);
    const here = own.map((t) => this.#placed(t, at));
    if (Q.isInteger(e) && Q.sign(e) > 0) {
      let out = here;
      for (let k = 1n; k < e.n; k++) out = this.#product(out, own.map((t) => this.#placed(t, at)));
      return out;
    }
    const [only] = here;
    if (here.length === 1 && only!.bound.length === 0 && only!.m.guards.length === 0) {
      if (canRaise(only!.m, e)) return [{ m: raise(only!.m, e), bound: [] }];
    }
    return [this.#powerOfSum(own, letter.axes, at, e)];
  }

  /** (c * s)^e = c^e * s^e, where s is a letter for the sum made monic. */
  #powerOfSum(own: readonly Term[], axes: readonly string[], at: ReadonlyMap<string, Affine>, e: Q.Rational): Term {
    const lead = own[0]?.m.coefficient ?? Q.R1;
    const monic = Q.sign(lead) > 0 || Q.isInteger(e) ? own.map((t) => ({ m: scale(t.m, Q.invert(lead)), bound: t.bound })) : own;
    const name = `(${textOf(monic)})`;
    const free = axes.filter((a) => monic.some((t) => monomialAxes(t.m).has(a)));
    if (!this.#sums.has(name)) this.#sums.set(name, { terms: monic, axes: free });
    const power = ofAtom(readAtom(name, free.map((a) => at.get(a)!)), e);
    if (monic === own || Q.isOne(lead)) return { m: power, bound: [] };
    const front = Q.isInteger(e) ? number(Q.power(lead, e.n)) : ofAtom(numberAtom(lead), e);
    return { m: multiply(front, power), bound: [] };
  }

  #bodyTerms(name: string, depth: number): readonly Term[] {
    const known = this.#unfolded.get(name);
    if (known) return known;
    const { body } = this.#letters.get(name);
    let terms: Term[] = [];
    if (body.kind === 'sum') terms = this.#unfoldPoly(body.poly, depth + 1);
    if (body.kind === 'reduce') {
      const inner = this.#unfoldMonomial(body.body, depth + 1);
      terms = this.#collect(inner.map((t) => ({ m: t.m, bound: [...t.bound, ...body.axes] })));
    }
    this.#unfolded.set(name, terms);
    return terms;
  }

  /** A function or maximum: a letter named by what it is applied to. */
  #opaque(name: string, at: ReadonlyMap<string, Affine>, depth: number): Atom {
    const { body, axes } = this.#letters.get(name);
    const text = (m: Monomial): string => textOf(this.#collect(this.#unfoldMonomial(m, depth + 1)));
    const key = body.kind === 'call' ? `${body.op}(${body.args.map(text).join('; ')})`
      : body.kind === 'reduce' ? `${body.op}[${body.axes.join(',')}](${text(body.body)})` : name;
    return readAtom(`${key} over ${axes.join(',')}`, axes.map((a) => at.get(a)!));
  }

  #product(a: readonly Term[], b: readonly Term[]): Term[] {
    if (a.length * b.length > MAX_TERMS) throw new TooLarge();
    return a.flatMap((s) => b.map((t) => ({ m: multiply(s.m, t.m), bound: [...s.bound, ...t.bound] })));
  }

  /** A term read at an index: its bound axes first get names that nobody else has. */
  #placed(t: Term, at: ReadonlyMap<string, Affine>): Term {
    const by = new Map(t.bound.map((axis) => [axis, `${baseAxis(axis)}#${++this.#copies}`]));
    const fresh = substituteMonomial(t.m, new Map([...by].map(([axis, copy]) => [axis, axisIndex(copy)])));
    return { m: substituteMonomial(fresh, at), bound: t.bound.map((a) => by.get(a)!) };
  }

  // --------------------------------------------------------------------------------------------------- collecting

  #collect(terms: readonly Term[]): Term[] {
    const sum = new Map<string, Term>();
    for (const t of terms) {
      const c = this.#canonical(t);
      if (Q.isZero(c.m.coefficient)) continue;
      const key = `${c.m.key} / ${c.bound.join(',')}`;
      const old = sum.get(key);
      sum.set(key, old ? { m: { ...c.m, coefficient: Q.add(old.m.coefficient, c.m.coefficient) }, bound: c.bound } : c);
      if (sum.size > MAX_TERMS) throw new TooLarge();
    }
    return [...sum].filter(([, t]) => !Q.isZero(t.m.coefficient)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, t]) => t);
  }

  /** Equations solved, axes that nothing carries counted, bound axes named so that the key is least. */
  #canonical(t: Term): Term {
    const { env } = this.#letters;
    let { m } = t;
    let bound = [...t.bound];
    for (;;) {
      const guard = m.guards.find((g) => g.kind === 'equal' && !g.negated && intValue(g.at.divisor, env) === 1 && solveZero(g.at, bound, env));
      if (!guard || guard.kind !== 'equal') break;
      const { axis, value } = solveZero(guard.at, bound, env)!;
      const rest = monomial(m.coefficient, m.powers, m.guards.filter((g) => g !== guard));
      m = guarded(substituteMonomial(rest, new Map([[axis, value]])), alwaysInside(baseAxis(axis), value, env) ? [] : [insideGuard(value, baseAxis(axis))]);
      bound = bound.filter((a) => a !== axis);
    }
    const carried = monomialAxes(m);
    for (const axis of bound) if (!carried.has(axis)) m = multiply(m, ofAtom(sizeAtom(baseAxis(axis))));
    bound = bound.filter((a) => carried.has(a));
    this.#spend();
    if (bound.length === 0) return { m, bound };
    let best: Term | undefined;
    for (const names of orders(bound)) {
      this.#spend();
      const by = new Map(bound.map((axis, n) => [axis, axisIndex(names[n]!)]));
      const renamed = substituteMonomial(m, by);
      if (!best || renamed.key < best.m.key) best = { m: renamed, bound: [...names].sort() };
    }
    return best!;
  }

  #spend(): void {
    if (++this.#work > MAX_WORK) throw new TooLarge();
  }

  // ----------------------------------------------------------------------------------------------------- zero

  /** Clears a letter that stands for a sum: multiplied by its least power and put back in, like terms may meet. */
  #vanishes(terms: readonly Term[], clearings: number): boolean {
    if (terms.length === 0) return true;
    if (clearings === 0) return false;
    const candidates = new Map<string, Atom>();
    for (const t of terms) for (const { atom } of t.m.powers) {
      if (atom.kind === 'read' && this.#sums.has(atom.tensor) && ![...atomAxes(atom)].some((a) => t.bound.includes(a))) candidates.set(atom.key, atom);
    }
    for (const atom of candidates.values()) {
      if (this.#clear(terms, atom).every((part) => this.#vanishes(part, clearings - 1))) return true;
    }
    return false;
  }

  #clear(terms: readonly Term[], atom: Atom): Term[][] {
    const exponent = (t: Term): Q.Rational => t.m.powers.find((p) => p.atom.key === atom.key)?.exponent ?? Q.R0;
    const classes = new Map<string, Term[]>();
    for (const t of terms) {
      const e = exponent(t);
      const rest = Q.text(Q.rational(((e.n % e.d) + e.d) % e.d, e.d));
      classes.set(rest, [...(classes.get(rest) ?? []), t]);
    }
    return [...classes.values()].map((list) => {
      const least = list.map(exponent).reduce((a, b) => (Q.sign(Q.add(a, Q.negate(b))) < 0 ? a : b));
      return this.#collect(list.flatMap((t) => {
        const k = Q.add(exponent(t), Q.negate(least));
        let out: Term[] = [{ m: monomial(t.m.coefficient, t.m.powers.filter((p) => p.atom.key !== atom.key), t.m.guards), bound: t.bound }];
        for (let n = 0n; n < k.n; n++) out = this.#product(out, this.#sumOf(atom));
        return out;
      }));
    });
  }

  #sumOf(atom: Atom): Term[] {
    if (atom.kind !== 'read') return [];
    const { terms, axes } = this.#sums.get(atom.tensor)!;
    const at = new Map(axes.map((axis, n) => [axis, atom.index[n]!]));
    return terms.map((t) => this.#placed(t, at));
  }
}

const textOf = (terms: readonly Term[]): string =>
  terms.map((t) => `${t.bound.length > 0 ? `sum[${t.bound.join(',')}]` : ''}${Q.text(t.m.coefficient)} ${t.m.key}`).join(' + ');

/** The names N~1, N~2, ... given to the bound axes in every order, axes of one name among themselves. */
function orders(bound: readonly string[]): string[][] {
  const byBase = new Map<string, number[]>();
  bound.forEach((axis, n) => byBase.set(baseAxis(axis), [...(byBase.get(baseAxis(axis)) ?? []), n]));
  let out: string[][] = [[...bound]];
  for (const [base, places] of byBase) {
    const next: string[][] = [];
    for (const names of out) for (const order of permutations(places.length)) {
      const copy = [...names];
      places.forEach((place, k) => { copy[place] = `${base}~${order[k]! + 1}`; });
      next.push(copy);
      if (next.length > MAX_ORDERS) throw new TooLarge();
    }
    out = next;
  }
  return out;
}

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((p) => Array.from({ length: n }, (_, k) => [...p.slice(0, k), n - 1, ...p.slice(k)]));
}

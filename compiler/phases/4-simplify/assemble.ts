/**
 * Turns the normal forms of the gradients into a Program: decides which letters stand under a name of their own and which
 * inside the formula that reads them, reuses sums that are parts of larger ones, and adds what must be recomputed.
 */
import { bareAxis } from '../../ir/affine.ts';
import { readsOf } from '../../ir/expr.ts';
import { Names } from '../../ir/fresh.ts';
import type { Definition, Expr } from '../../ir/tensor.ts';
import type { Context } from './context.ts';
import { expressLetter, expressPoly, type Express } from './express.ts';
import { foldExpr, readsOfLetter, readsOfMonomial } from './fold.ts';
import type { Letter } from './letters.ts';
import { monomial, ofAtom, polyKey, readsAt, wholeAtom, type Monomial, type Poly } from './poly.ts';
import * as Q from './rational.ts';

export interface Gradient {
  /** `dx`. */
  readonly name: string;
  readonly axes: readonly string[];
  readonly value: Poly;
}

export interface Assembled {
  readonly definitions: readonly Definition[];
  /** Every name the definitions read and do not define. */
  readonly reads: ReadonlySet<string>;
}

export interface AssembleInput {
  readonly gradients: readonly Gradient[];
  /** The forward as the user wrote it and as it was flattened: formulas for what is recomputed. */
  readonly forward: ReadonlyMap<string, Definition>;
  readonly flat: ReadonlyMap<string, Definition>;
  readonly held: ReadonlySet<string>;
}

/** The gradients as definitions, in an order in which each reads only what stands before it. */
export function assemble(input: AssembleInput, cx: Context): Assembled {
  return withMaximaAgain(input.held, (held) => assembleOver({ ...input, held }, cx));
}

/**
 * The hits of a maximum are found by computing it again, even where its value is held; then everything reads the value
 * computed. Assembles again without holding such a value as long as new ones turn up.
 */
export function withMaximaAgain(held: ReadonlySet<string>, run: (held: ReadonlySet<string>) => Assembled): Assembled {
  let current = held;
  for (;;) {
    const made = run(current);
    const again = made.definitions.flatMap((d) => (d.formula.kind === 'hit' && current.has(d.formula.of) ? [d.formula.of] : []));
    if (again.length === 0) return made;
    current = new Set([...current].filter((name) => !again.includes(name)));
  }
}

/** Letters in a formula that is written again at every use instead of under a name. */
const MOST_REPEATED = 8;

function assembleOver(input: AssembleInput, cx: Context): Assembled {
  const { letters } = cx;
  const aliases = findAliases(input.gradients, cx);
  const used = usedLetters(input.gradients, input.held, cx);
  reuseSums(used, cx);
  const uses = countUses(input.gradients, usedLetters(input.gradients, input.held, cx), cx);

  const inline = (letter: Letter): boolean => {
    if (aliases.has(letter.name) || input.held.has(letter.name)) return false;
    if (letter.body.kind === 'leaf' || letter.body.kind === 'hit' || letter.zeroOutside || !letter.anonymous) return false;
    const use = uses.get(letter.name);
    if (!use || use.shifted) return false;
    const cheap = letter.body.kind === 'sum' && letter.body.poly.length <= 3 && !letter.backward && letters.weight(letter.name) <= MOST_REPEATED;
    return use.count <= 1 || cheap;
  };
  const names = finalNames(uses.keys(), aliases, inline, input, cx);
  const express: Express = {
    letters,
    inline,
    nameOf: (l) => names.get(l.name) ?? l.name,
    isGradient: (l) => aliases.has(l.name),
  };

  const original = new Map([...names].map(([letter, name]) => [name, letter]));
  const out = new Map<string, Definition>();
  const reads = new Set<string>();
  const need = (name: string): void => {
    if (out.has(name)) return;
    if (input.held.has(name)) { reads.add(name); return; }
    const letter = letters.find(original.get(name) ?? name);
    if (!letter || letter.body.kind === 'leaf') { reads.add(name); return; }
    const forward = letter.backward ? undefined : input.forward.get(letter.name);
    define({ ...(forward ?? {}), name, axes: letter.axes, formula: forward ? computable(forward, input, cx) : expressLetter(letter, express),
      ...(letter.zeroOutside ? { outside: 0 } : {}), ...(letter.anonymous ? { anonymous: true as const } : {}) });
  };
  const define = (d: Definition): void => {
    for (const name of namesIn(d.formula)) need(name);
    out.set(d.name, d);
  };
  for (const g of input.gradients) {
    if (out.has(g.name)) continue;
    const alias = [...aliases].find(([, name]) => name === g.name)?.[0];
    const formula = alias ? expressLetter(letters.get(alias), express) : expressPoly(g.value, express);
    define({ name: g.name, axes: g.axes, formula });
  }
  return { definitions: [...out.values()], reads };
}

/** A forward value is computed as it was written, if backward has what that reads; else from the letters it has. */
export function computable(d: Definition, input: Pick<AssembleInput, 'flat'>, cx: Context): Expr {
  const { direct, reachable } = cx.folding;
  if (d.formula.kind === 'hit' || direct.has(d.name) || !reachable.has(d.name)) return d.formula;
  return foldExpr(input.flat.get(d.name)?.formula ?? d.formula, cx, reachable.get(d.name));
}

/** Names a formula reads: of a hit, the definition it is the hit of. */
export function namesIn(e: Expr): string[] {
  return e.kind === 'hit' ? [e.of] : readsOf(e).map((r) => r.tensor);
}

/** letter -> the name it goes by: a gradient's where it is one, else a short one that nobody has. */
function finalNames(
  used: Iterable<string>, aliases: ReadonlyMap<string, string>, inline: (l: Letter) => boolean, input: AssembleInput, cx: Context,
): Map<string, string> {
  const out = new Map(aliases);
  const taken = new Set([...input.gradients.map((g) => g.name), ...input.forward.keys(), ...cx.letters.env.sizes.keys(), ...cx.letters.env.options.keys()]);
  for (const l of cx.letters.all()) if (!l.anonymous || !l.backward) taken.add(l.name);
  const names = new Names(taken);
  for (const name of used) {
    const letter = cx.letters.find(name);
    if (!letter?.backward || !letter.anonymous || letter.body.kind === 'leaf' || aliases.has(name) || inline(letter)) continue;
    out.set(name, names.fresh(name.replace(/\d+$/, '')));
  }
  return out;
}

/** Letters that are a gradient and nothing else go by its name: letter -> gradient. */
function findAliases(gradients: readonly Gradient[], cx: Context): Map<string, string> {
  const out = new Map<string, string>();
  for (const g of gradients) {
    const only = g.value.length === 1 ? g.value[0]! : undefined;
    const p = only?.powers[0];
    if (!only || !p || only.powers.length !== 1 || only.guards.length > 0 || !Q.isOne(only.coefficient) || !Q.isOne(p.exponent)) continue;
    if (p.atom.kind !== 'read' || out.has(p.atom.tensor)) continue;
    const letter = cx.letters.get(p.atom.tensor);
    if (!letter.backward || letter.body.kind === 'leaf' || !readsAt(p.atom, letter.axes)) continue;
    if (letter.axes.join() !== g.axes.join() || letter.zeroOutside) continue;
    out.set(letter.name, g.name);
  }
  return out;
}

function polysOf(letter: Letter): Monomial[] {
  const { body } = letter;
  return body.kind === 'sum' ? [...body.poly] : body.kind === 'reduce' ? [body.body] : body.kind === 'call' ? [...body.args] : [];
}

/** Letters that the gradients are made of, down to what is held. */
function usedLetters(gradients: readonly Gradient[], held: ReadonlySet<string>, cx: Context): Letter[] {
  const seen = new Map<string, Letter>();
  const visit = (name: string): void => {
    const letter = cx.letters.find(name);
    if (!letter || seen.has(name) || held.has(name)) return;
    seen.set(name, letter);
    if (letter.body.kind !== 'leaf') readsOfLetter(letter).forEach(visit);
  };
  for (const g of gradients) for (const m of g.value) {
    for (const name of readsOfMonomial(m)) visit(name);
  }
  return [...seen.values()];
}

/** sum[N, H, W](m) where sum[H, W](m) is computed anyway is sum[N] of that. */
function reuseSums(used: readonly Letter[], cx: Context): void {
  const sums = used.filter((l) => l.body.kind === 'reduce' && l.body.op === 'sum' && l.backward);
  for (const big of sums) {
    if (big.body.kind !== 'reduce') continue;
    const { axes, body } = big.body;
    const parts = sums.filter((l) => l !== big && l.body.kind === 'reduce' && polyKey([l.body.body]) === polyKey([body])
      && l.body.axes.length < axes.length && l.body.axes.every((a) => axes.includes(a)));
    const best = parts.sort((a, b) => cx.letters.elements(a.axes) - cx.letters.elements(b.axes))[0];
    if (!best || best.body.kind !== 'reduce') continue;
    const inner = best.body.axes;
    cx.letters.replaceBody(big.name, { kind: 'reduce', op: 'sum', axes: axes.filter((a) => !inner.includes(a)), body: ofAtom(wholeAtom(best)) });
    cx.log.fired('sum-of-sum');
  }
}

/** How often each letter is read, and whether ever at an index that is not its own axes. */
function countUses(gradients: readonly Gradient[], used: readonly Letter[], cx: Context): Map<string, { count: number; shifted: boolean }> {
  const out = new Map<string, { count: number; shifted: boolean }>();
  const bump = (name: string, shifted: boolean): void => {
    const old = out.get(name) ?? { count: 0, shifted: false };
    out.set(name, { count: old.count + 1, shifted: old.shifted || shifted });
  };
  const count = (m: Monomial): void => {
    const plain = monomial(m.coefficient, m.powers);
    for (const p of plain.powers) {
      if (p.atom.kind !== 'read') continue;
      const letter = cx.letters.find(p.atom.tensor);
      bump(p.atom.tensor, p.atom.index.some((a, n) => bareAxis(a) !== letter?.axes[n]));
    }
    for (const g of m.guards) if (g.kind === 'when') for (const r of readsOf(g.condition)) { bump(r.tensor, false); bump(r.tensor, false); }
  };
  for (const g of gradients) g.value.forEach(count);
  for (const l of used) {
    polysOf(l).forEach(count);
    if (l.body.kind === 'opaque') for (const name of l.body.reads) { bump(name, true); }
  }
  return out;
}

/**
 * Letters: the definitions that gradients are written in. Forward definitions come in flattened; the sweep adds
 * reductions, sums that stay whole, and adjoints that are kept. A letter is found by its content, all of it, so that
 * equal sums are one letter (the sum in dgamma and the sum in dx are the same object).
 */
import { invariant } from '../../support/invariant.ts';
import { sizeOf } from '../../ir/affine.ts';
import type { Names } from '../../ir/fresh.ts';
import type { BinaryOp, Env, Expr, ReduceOp, Tensor, UnaryOp } from '../../ir/tensor.ts';
import { polyKey, type Monomial, type Poly } from './poly.ts';

export type Body =
  /** A tensor from outside. */
  | { readonly kind: 'leaf'; readonly tensor: Tensor }
  | { readonly kind: 'sum'; readonly poly: Poly }
  | { readonly kind: 'reduce'; readonly op: ReduceOp; readonly axes: readonly string[]; readonly body: Monomial }
  | { readonly kind: 'call'; readonly op: UnaryOp | BinaryOp; readonly args: readonly Monomial[] }
  | { readonly kind: 'hit'; readonly of: string }
  /** Taken as it is written: nothing is known about it but its reads. */
  | { readonly kind: 'opaque'; readonly formula: Expr; readonly reads: readonly string[] };

export interface Letter {
  readonly name: string;
  readonly axes: readonly string[];
  readonly body: Body;
  readonly anonymous: boolean;
  /** Depends on an upstream gradient. */
  readonly backward: boolean;
  /** Reads outside its axes give 0: upstream gradients, kept adjoints, hits. */
  readonly zeroOutside: boolean;
}

type Sort = (axes: Iterable<string>) => string[];

export class Letters {
  readonly env: Env;
  readonly sort: Sort;
  /** Letters that equal a product besides their own formula: `exp(out) = e / z`. */
  readonly equations = new Map<string, Monomial>();
  readonly #names: Names;
  readonly #byName = new Map<string, Letter>();
  readonly #weights = new Map<string, number>();
  readonly #byContent = new Map<string, Letter>();

  constructor(env: Env, sort: Sort, names: Names) {
    this.env = env;
    this.sort = sort;
    this.#names = names;
  }

  get(name: string): Letter {
    const letter = this.#byName.get(name);
    invariant(letter, `no letter ${name}`);
    return letter;
  }

  find(name: string): Letter | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<Letter> {
    return this.#byName.values();
  }

  /** Adds a letter under its own name (forward definitions, tensors, hits). */
  declare(letter: Omit<Letter, 'backward'> & { readonly backward?: boolean }): Letter {
    const made: Letter = { ...letter, backward: letter.backward ?? this.#isBackward(letter.body) };
    this.#byName.set(made.name, made);
    const content = contentKey(made.body, made.axes);
    if (content !== undefined && !this.#byContent.has(content)) this.#byContent.set(content, made);
    return made;
  }

  /** The letter with this content; made now, under a fresh name, if there is none. */
  obtain(body: Body, axes: Iterable<string>, stem: string, zeroOutside = false): Letter {
    const sorted = this.sort(axes);
    const old = this.lookup(body, sorted);
    if (old && (!zeroOutside || old.zeroOutside)) return old;
    return this.declare({ name: this.#names.fresh(stem), axes: sorted, body, anonymous: true, zeroOutside });
  }

  lookup(body: Body, axes: readonly string[]): Letter | undefined {
    const content = contentKey(body, axes);
    return content === undefined ? undefined : this.#byContent.get(content);
  }

  /** Another way to compute the same letter. */
  replaceBody(name: string, body: Body): void {
    this.#byName.set(name, { ...this.get(name), body });
  }

  /** A mark to come back to: letters made after it are forgotten by `rollback`. */
  mark(): number {
    return this.#byName.size;
  }

  rollback(mark: number): void {
    const gone = [...this.#byName.values()].slice(mark);
    for (const letter of gone) {
      this.#byName.delete(letter.name);
      this.#weights.delete(letter.name);
      this.#names.release(letter.name);
      const content = contentKey(letter.body, letter.axes);
      if (content !== undefined && this.#byContent.get(content) === letter) this.#byContent.delete(content);
    }
  }

  /** Letters made since a mark. */
  since(mark: number): Letter[] {
    return [...this.#byName.values()].slice(mark);
  }

  /** Letters in the formula of a letter once those without a name are put into it, counted along paths; capped. */
  weight(name: string): number {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    const letter = this.#byName.get(name);
    let weight = 1;
    if (letter?.anonymous) {
      this.#weights.set(name, CAP);
      for (const m of monomialsOf(letter.body)) for (const p of m.powers) if (p.atom.kind === 'read') weight = Math.min(CAP, weight + this.weight(p.atom.tensor));
    }
    this.#weights.set(name, weight);
    return weight;
  }

  /** Where an axis stands in the order of the layer. */
  rank(axis: string): number {
    return this.sort([...this.env.sizes.keys(), axis]).indexOf(axis);
  }

  /** Number of elements of a space. */
  elements(axes: Iterable<string>): number {
    let n = 1;
    for (const axis of axes) n *= sizeOf(this.env, axis);
    return n;
  }

  hasBackward(m: Monomial): boolean {
    return m.powers.some((p) => p.atom.kind === 'read' && (this.#byName.get(p.atom.tensor)?.backward ?? false));
  }

  #isBackward(body: Body): boolean {
    switch (body.kind) {
      case 'leaf': return body.tensor.role === 'upstream';
      case 'sum': return body.poly.some((m) => this.hasBackward(m));
      case 'reduce': return this.hasBackward(body.body);
      case 'call': return body.args.some((m) => this.hasBackward(m));
      case 'hit': return false;
      case 'opaque': return body.reads.some((name) => this.#byName.get(name)?.backward ?? false);
    }
  }
}

const CAP = 1e6;

function monomialsOf(body: Body): readonly Monomial[] {
  return body.kind === 'sum' ? body.poly : body.kind === 'reduce' ? [body.body] : body.kind === 'call' ? body.args : [];
}

function contentKey(body: Body, axes: readonly string[]): string | undefined {
  const at = axes.join(',');
  switch (body.kind) {
    case 'leaf': case 'hit': return undefined;
    case 'sum': return `[${at}] ${polyKey(body.poly)}`;
    case 'reduce': return `[${at}] ${body.op}[${body.axes.join(',')}] ${polyKey([body.body])}`;
    case 'call': return `[${at}] ${body.op}(${body.args.map((m) => polyKey([m])).join('; ')})`;
    case 'opaque': return `[${at}] #${body.formula.id}`;
  }
}

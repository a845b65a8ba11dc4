/** What happened on the way into the adjoint of one definition, for `explain`. */
import type { Step } from '../../ir/derived.ts';
import type { Monomial, Poly } from './poly.ts';
import type { RuleName } from './rules.ts';

/** Prints normal forms; given by the sweep, which knows the letters. */
export interface Printer {
  poly(p: Poly): string;
  sum(m: Monomial, axes: readonly string[]): string;
}

export class Log {
  readonly steps: Step[] = [];
  readonly #printer: Printer;
  #definition = '';
  #rules: RuleName[] = [];
  #facts = new Set<string>();

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** Starts the adjoint of a definition. */
  begin(definition: string): void {
    this.#definition = definition;
    this.#rules = [];
  }

  fired(rule: RuleName): void {
    if (!this.#rules.includes(rule)) this.#rules.push(rule);
  }

  print(p: Poly): string {
    return this.#printer.poly(p);
  }

  /** What the chain rule gives to the definition, and what the rules that fired since `begin` made of it. */
  contribution(before: string, after: string): void {
    const rules = this.#rules.filter((r) => r !== 'fact');
    this.steps.push({ definition: this.#definition, rule: rules.length > 0 ? rules.join(', ') : 'chain rule', before, after });
    this.#rules = [];
  }

  step(rule: RuleName, before: string, after: string): void {
    this.steps.push({ definition: this.#definition, rule, before, after, ...(rule === 'proved-zero' ? {} : { aside: true }) });
  }

  fact(m: Monomial, axes: readonly string[], result: Poly): void {
    this.fired('fact');
    const before = this.#printer.sum(m, axes);
    if (this.#facts.has(before)) return;
    this.#facts.add(before);
    this.step('fact', before, this.#printer.poly(result));
  }

  mark(): number {
    return this.steps.length;
  }

  rollback(mark: number): void {
    for (const s of this.steps.splice(mark)) this.#facts.delete(s.before);
  }
}

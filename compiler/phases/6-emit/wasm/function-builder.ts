/** The code of one function while it is written: its locals, and the list that statements go to. */
import { invariant } from '../../../support/invariant.ts';
import { get, type Code, type Op } from './code.ts';
import type { ValType } from './instructions.ts';

export class FunctionBuilder {
  readonly #locals = new Map<string, ValType>();
  readonly #params: { readonly name: string; readonly type: ValType }[] = [];
  #out: Code[] = [];
  /** Tests of loops that do without their variable, if nothing but such a test reads it. */
  readonly later: { readonly local: string; readonly test: Op; replace(): void }[] = [];
  #serial = 0;
  #unnamed = 0;

  param(name: string, type: ValType): void {
    this.#params.push({ name, type });
  }

  /** A local of this name; the one there is already, if it has the type. */
  local(wish: string, type: ValType): string {
    let name = wish;
    for (let n = 2; (this.#locals.get(name) ?? type) !== type || this.#params.some((p) => p.name === name); n++) name = `${wish}.${n}`;
    this.#locals.set(name, type);
    return name;
  }

  /** A local that nothing else uses. */
  fresh(type: ValType): string {
    return this.local(`.${this.#unnamed++}`, type);
  }

  /** A number that is larger than those before. */
  serial(): number {
    return this.#serial++;
  }

  read(name: string): Op {
    const type = this.#locals.get(name) ?? this.#params.find((p) => p.name === name)?.type;
    invariant(type, `no local ${name}`);
    return get(name, type);
  }

  push(...codes: readonly Code[]): void {
    this.#out.push(...codes);
  }

  /** A place for code that turns out to be needed later. */
  group(): Code[] {
    const body: Code[] = [];
    this.push({ kind: 'group', body });
    return body;
  }

  /** What `write` pushes, as a list of its own. */
  within(write: () => void): Code[] {
    const outer = this.#out;
    const own: Code[] = [];
    this.#out = own;
    write();
    this.#out = outer;
    return own;
  }

  get params(): readonly { readonly name: string; readonly type: ValType }[] {
    return this.#params;
  }

  /** In the order of their types, so that a module says each type once. */
  get locals(): { readonly name: string; readonly type: ValType }[] {
    const all = [...this.#locals].map(([name, type]) => ({ name, type }));
    return (['i32', 'f64', 'f32', 'v128'] as const).flatMap((type) => all.filter((l) => l.type === type));
  }

  get code(): readonly Code[] {
    return this.#out;
  }
}

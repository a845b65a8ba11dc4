/** What is proved of `bind`: the same numbers as the plain functions, instances that do not meet, wrong arrays refused. */
import { assertSame } from './compare.ts';
import { guarded, type Session, type TypedArray } from './kernel.ts';

type Functions = Readonly<Record<string, (...values: unknown[]) => void>>;
type Bind = (buffers: Readonly<Record<string, unknown>>) => Functions;

/** Binds the arrays of a session, some of them replaced. */
export function bind(session: Session, replaced: Readonly<Record<string, unknown>> = {}): Functions {
  const { bind: make } = session.kernel as unknown as { readonly bind: Bind };
  return make({ ...Object.fromEntries([...session.arrays].map(([name, g]) => [name, g.array])), cache: session.cache, ...replaced });
}

/** Calls a bound function with what it draws from. */
export function call(session: Session, functions: Functions, name: string): void {
  const draws: Readonly<Record<string, number>> = { seed: session.seed, step: session.step };
  functions[name]!(...session.kernel.spec.arguments[name]!.flatMap((a) => (Object.hasOwn(draws, a) ? [draws[a]] : [])));
}

/**
 * Runs functions in turn over two instances with other data in each. `session` makes a session with its arrays filled.
 * @throws Error if an array differs in a bit from what the plain functions make of the same data
 */
export function checkInstances(session: (data: number) => Session, names: readonly string[]): void {
  const data = [1, 4];
  const plain = data.map(session);
  const own = data.map(session);
  const functions = own.map((s) => bind(s));
  for (const name of names) {
    for (const s of plain) s.call(name);
    own.forEach((s, n) => call(s, functions[n]!, name));
    own.forEach((s, n) => {
      s.checkGuards();
      for (const tensor of s.arrays.keys()) assertSame(`bound ${name}, instance ${n}: ${tensor}`, s.array(tensor), plain[n]!.array(tensor));
    });
  }
}

/** @throws Error if `bind` takes an array of one element too many */
export function checkRefusals(session: Session): void {
  const longer = (a: TypedArray, dtype: string): TypedArray => guarded(dtype, a.length + 1).array;
  for (const [name, t] of Object.entries(session.kernel.spec.tensors)) refuses(session, name, { [name]: longer(session.array(name), t.dtype) });
  const cache = session.cache as Readonly<Record<string, TypedArray>>;
  for (const [name, field] of Object.entries(session.kernel.spec.cache)) {
    if (!field.held) refuses(session, `cache.${name}`, { cache: { ...cache, [name]: new (cache[name]!.constructor as new (n: number) => TypedArray)(cache[name]!.length + 1) } });
  }
}

function refuses(session: Session, what: string, replaced: Readonly<Record<string, unknown>>): void {
  try {
    bind(session, replaced);
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith(`${what}: expected`)) return;
    throw error;
  }
  throw new Error(`bind takes an element too many for ${what}`);
}

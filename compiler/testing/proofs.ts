/** What is proved of one mode of a kernel. */
import { sizeOf } from '../ir/affine.ts';
import type { Derived, DerivedMode } from '../ir/derived.ts';
import { interpret } from '../ir/interpret.ts';
import type { Program, Tensor } from '../ir/tensor.ts';
import { assertClose, assertSame, largest } from './compare.ts';
import { integersOf, randomFrom, RANGES, valuesFor, type RangeName } from './data.ts';
import { checkGradient } from './differences.ts';
import type { Subject } from './index.ts';
import { guarded, Session, type KernelModule, type TypedArray } from './kernel.ts';
import { magnitudes, prune, workOf } from './program.ts';

export interface Proof {
  readonly name: string;
  /** @throws Error saying what is wrong */
  readonly prove: () => void;
}

export interface ModeOf {
  readonly kernel: KernelModule;
  readonly subject: Subject;
  /** '', 'Train' or 'Test'. */
  readonly suffix: string;
  readonly derived: () => Derived;
}

/** Interpreting more nodes than this takes too long: fewer differences, coarser scales. */
const MOST_NODES = 3e7;
const MOST_EVALUATIONS = 40;

export function proofsOfMode(m: ModeOf): Proof[] {
  const own = new ModeProofs(m);
  const title = (text: string): string => `${m.subject.name}: ${text}${m.suffix === '' ? '' : ` (${m.suffix.toLowerCase()})`}`;
  const backward = `backward${m.suffix}`;
  const staged = `${backward}Staged`;
  const proofs: Proof[] = [
    { name: title('outputs and state are those of the oracle'), prove: () => own.forward() },
    { name: title('gradients are those of the oracle'), prove: () => own.backward(backward, (d) => d.backward) },
    { name: title("the oracle's gradients are those of central differences"), prove: () => own.differences() },
    { name: title('a second call sees nothing of the first'), prove: () => own.twice() },
  ];
  if (Object.hasOwn(m.kernel.spec.arguments, staged)) {
    proofs.push({ name: title('the unsimplified sweep gives the same gradients'), prove: () => own.backward(staged, (d) => d.staged) });
  }
  if (m.kernel.spec.buffers !== 'module') proofs.push({ name: title('arrays of the wrong length are refused'), prove: () => own.lengths() });
  return proofs;
}

interface Case {
  /** By tensor, as doubles that the kernel's own type holds exactly. */
  readonly values: ReadonlyMap<string, Float64Array>;
  /** What the oracle makes of them, by tensor: outputs, state, gradients. */
  readonly wanted: ReadonlyMap<string, Float64Array>;
}

class ModeProofs {
  readonly m: ModeOf;
  readonly round: (v: number) => number;
  readonly tolerance: number;
  readonly #cases = new Map<number, Case>();
  #range: RangeName | undefined;

  constructor(m: ModeOf) {
    this.m = m;
    this.round = m.subject.dtype === 'f32' ? Math.fround : (v) => v;
    this.tolerance = m.subject.dtype === 'f32' ? 1e-6 : 1e-13;
  }

  get mode(): DerivedMode {
    const wanted = this.m.suffix === '' ? undefined : this.m.suffix.toLowerCase();
    const found = this.m.derived().modes.find((x) => x.mode === wanted);
    if (!found) throw new Error(`the spec has no mode ${wanted}`);
    return found;
  }

  // ------------------------------------------------------------------------------------------------------- cases

  /** Data and what the oracle makes of it; the same for the same seed. */
  case(seed: number): Case {
    const old = this.#cases.get(seed);
    if (old) return old;
    const ranges = this.#range ? [this.#range] : RANGES;
    let made: Case | undefined;
    for (const range of ranges) {
      made = this.make(seed, range);
      this.#range ??= range;
      if ([...made.wanted.values()].every((a) => a.every(Number.isFinite))) { this.#range = range; break; }
      if (range === ranges.at(-1) && ranges.length > 1) { this.#range = 'normal'; made = this.make(seed, 'normal'); }
      else if (ranges.length > 1) this.#range = undefined;
    }
    this.#cases.set(seed, made!);
    return made!;
  }

  make(seed: number, range: RangeName): Case {
    const { oracle } = this.mode;
    const random = randomFrom(seed);
    const { layer } = this.m.derived();
    const programs = this.m.derived().modes.map((x) => x.oracle);
    const values = new Map<string, Float64Array>();
    const upstream = layer.outputs.map((t): Tensor => ({ ...t, name: `d${t.name}`, role: 'upstream' }));
    for (const t of [...layer.inputs, ...layer.params, ...layer.state, ...upstream]) {
      const count = t.axes.reduce((n, a) => n * sizeOf(layer.env, a), 1);
      const integers = t.dtype === 'i32' ? integersOf(t.name, programs) : { low: 0, high: 0 };
      values.set(t.name, Float64Array.from(valuesFor(t, count, integers, range, random), t.dtype === 'i32' ? (v) => v : this.round));
    }
    const names = new Set(oracle.tensors.map((t) => t.name));
    const wanted = interpret(oracle, new Map([...values].filter(([name]) => names.has(name))), DRAW);
    return { values, wanted };
  }

  /** A session with the arrays of a case in it, and NaN wherever something is to be written. */
  session(seed: number, session = new Session(this.m.kernel)): Session {
    const { values } = this.case(seed);
    for (const [name, t] of Object.entries(this.m.kernel.spec.tensors)) {
      const given = values.get(name);
      if (given) session.array(name).set(given);
      else session.array(name).fill(t.role === 'gradient' && this.m.subject.accumulate ? START : NaN);
    }
    session.seed = DRAW.seed;
    session.step = DRAW.step;
    return session;
  }

  /** Calls a function and sees that it wrote nothing but what it may. */
  run(session: Session, name: string, writes: readonly string[]): void {
    const before = [...session.arrays].filter(([tensor]) => !writes.includes(tensor)).map(([tensor, g]) => [tensor, g.array.slice()] as const);
    session.call(name);
    session.checkGuards();
    for (const [tensor, old] of before) assertSame(`${name} changed ${tensor}:`, session.array(tensor), old);
  }

  ofRole(...roles: readonly string[]): string[] {
    return Object.entries(this.m.kernel.spec.tensors).filter(([, t]) => roles.includes(t.role)).map(([name]) => name);
  }

  // ------------------------------------------------------------------------------------------------------ proofs

  forward(): void {
    const session = this.session(1);
    const { wanted, values } = this.case(1);
    const { forward } = this.mode;
    this.run(session, `forward${this.m.suffix}`, this.ofRole('output', 'state'));
    const terms = this.terms(prune(forward, (s) => s.tensor.role === 'output' || s.tensor.role === 'state'), values);
    for (const name of this.ofRole('output', 'state')) {
      const stored = forward.stores.some((s) => s.tensor.name === name && s.tensor.role !== 'cache');
      const want = stored ? wanted.get(name)! : values.get(name)!;
      assertClose(name, session.array(name), want, Math.max(largest(want), terms.get(name) ?? 0), this.tolerance, this.round);
    }
  }

  backward(name: string, program: (m: DerivedMode) => Program): void {
    const session = this.session(1);
    const { wanted } = this.case(1);
    session.call(`forward${this.m.suffix}`);
    this.run(session, name, this.ofRole('gradient'));
    const terms = this.gradientTerms(program(this.mode));
    for (const gradient of this.ofRole('gradient')) {
      const start = this.m.subject.accumulate ? START : 0;
      const want = wanted.get(gradient)!.map((v) => v + start);
      const scale = Math.max(largest(want), terms.get(gradient) ?? 0);
      assertClose(gradient, session.array(gradient), want, scale, this.tolerance, this.round);
    }
  }

  /** How large the terms are of what a program stores; nothing where that would take too long. */
  terms(p: Program, values: ReadonlyMap<string, Float64Array>): Map<string, number> {
    const sized = magnitudes(p);
    if (workOf(sized) > MOST_NODES) return new Map();
    const results = interpret(sized, values, DRAW);
    return new Map(p.stores.map((s) => [s.tensor.name, largest(results.get(s.tensor.name)!)]));
  }

  /** The same for a backward, whose cache the oracle's forward fills. */
  gradientTerms(p: Program): Map<string, number> {
    const { values } = this.case(1);
    const { forward } = this.mode;
    if (workOf(forward) > MOST_NODES) return new Map();
    const cached = interpret(prune(forward, (s) => s.tensor.role === 'cache'), values, DRAW);
    const given = new Map<string, Float64Array>();
    for (const t of p.tensors) {
      const value = t.role === 'cache' && !t.held ? cached.get(t.name) : values.get(t.name);
      if (value) given.set(t.name, value);
    }
    return this.terms(p, given);
  }

  differences(): void {
    const { values, wanted } = this.case(2);
    const { layer } = this.m.derived();
    const forward = prune(this.mode.oracle, (s) => s.tensor.role === 'output');
    const gradients = prune(this.mode.oracle, (s) => s.tensor.role === 'gradient').stores.map((s) => s.tensor.name);
    const evaluations = Math.min(MOST_EVALUATIONS, Math.max(4, Math.floor((MOST_NODES * 2) / workOf(forward) / Math.max(1, gradients.length))));
    const upstream = new Map(layer.outputs.map((o) => [o.name, values.get(`d${o.name}`)!]));
    const job = { forward, inputs: values, upstream, draw: DRAW, evaluations, random: randomFrom(3) };
    for (const gradient of gradients) checkGradient(job, gradient.slice(1), wanted.get(gradient)!);
  }

  twice(): void {
    const names = [`forward${this.m.suffix}`, `backward${this.m.suffix}`];
    const fresh = this.session(1);
    for (const name of names) fresh.call(name);
    const first = new Map(this.ofRole('output', 'state', 'gradient').map((n): [string, TypedArray] => [n, fresh.array(n).slice()]));
    const other = this.session(2, fresh);
    for (const name of names) other.call(name);
    const again = this.session(1, other);
    for (const name of names) again.call(name);
    for (const [name, want] of first) assertSame(`after another call ${name}`, again.array(name), want);
  }

  lengths(): void {
    const session = this.session(1);
    session.call(`forward${this.m.suffix}`);
    for (const f of Object.keys(this.m.kernel.spec.arguments)) {
      if (!new RegExp(`^(forward|backward)${this.m.suffix}(Staged)?$`).test(f)) continue;
      for (const a of this.m.kernel.spec.arguments[f]!) {
        const t = this.m.kernel.spec.tensors[a];
        if (t) this.refuses(session, f, a, guarded(t.dtype, session.array(a).length + 1).array);
      }
    }
  }

  refuses(session: Session, name: string, tensor: string, array: TypedArray): void {
    try {
      session.call(name, { [tensor]: array });
    } catch (error) {
      if (error instanceof RangeError && error.message.startsWith(`${tensor}: expected`)) return;
      throw error;
    }
    throw new Error(`${name} takes ${array.length} elements for ${tensor}`);
  }
}

const DRAW = { seed: 987654321012, step: 3 } as const;
/** What gradients that are added to start at. */
const START = 0.5;

/** What is proved of one mode of a kernel. */
import type { Derived, DerivedMode } from '../ir/derived.ts';
import { interpret } from '../ir/interpret.ts';
import type { Program, Tensor } from '../ir/tensor.ts';
import { checkInstances, checkRefusals } from './bound.ts';
import { assertClose, assertSame, largest } from './compare.ts';
import { integersOf, randomFrom, RANGES, valuesFor, type RangeName } from './data.ts';
import { checkGradient } from './differences.ts';
import { canAttach, checkInPlace } from './in-place.ts';
import type { Subject } from './index.ts';
import { guarded, Session, type KernelModule, type TypedArray } from './kernel.ts';
import { magnitudes, pointsOf, prune, workOf } from './program.ts';
import { sample } from './sample.ts';

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
const MOST_NODES = 1e7;
const MOST_EVALUATIONS = 40;

/** The proofs of one mode, by name; nothing is computed before the first of them runs. */
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
  if (m.kernel.spec.buffers !== 'module') {
    const names = [`forward${m.suffix}`, backward, ...(Object.hasOwn(m.kernel.spec.arguments, staged) ? [staged] : [])];
    proofs.push(
      { name: title('bound functions give the same, each instance its own'), prove: () => checkInstances((seed) => own.session(seed), names) },
      { name: title('arrays of the wrong length are refused'), prove: () => { own.lengths(); checkRefusals(own.session(1)); } },
    );
    if (canAttach(m.kernel)) {
      const { kernel } = m;
      proofs.push({ name: title('arrays of one memory are worked on in place, to the same bits'), prove: () => checkInPlace(kernel, (s) => own.session(1, s), names) });
    }
  }
  return proofs;
}

interface Case {
  /** By tensor, as doubles that the kernel's own type holds exactly. */
  readonly values: ReadonlyMap<string, Float64Array>;
  /** What the oracle makes of them, by tensor: outputs, state, gradients; of large ones only samples. */
  readonly wanted: ReadonlyMap<string, Float64Array>;
  /** Where the samples stand in the tensors that are sampled. */
  readonly places: ReadonlyMap<string, Int32Array>;
}

class ModeProofs {
  readonly m: ModeOf;
  readonly round: (v: number) => number;
  readonly tolerance: number;
  readonly #cases = new Map<string, Case>();
  readonly #data = new Map<string, Map<string, Float64Array>>();
  #range: RangeName | undefined;

  constructor(m: ModeOf) {
    this.m = m;
    this.round = m.subject.dtype === 'f32' ? Math.fround : (v) => v;
    this.tolerance = m.subject.tolerance ?? (m.subject.dtype === 'f32' ? 1e-6 : 1e-13);
  }

  get mode(): DerivedMode {
    const wanted = this.m.suffix === '' ? undefined : this.m.suffix.toLowerCase();
    const found = this.m.derived().modes.find((x) => x.mode === wanted);
    if (!found) throw new Error(`the spec has no mode ${wanted}`);
    return found;
  }

  // ------------------------------------------------------------------------------------------------------- cases

  /** Data and what the oracle makes of it; the same for the same seed. `sparse`: upstream gradients only at samples. */
  case(seed: number, sparse = false): Case {
    const key = `${seed}${sparse}`;
    const old = this.#cases.get(key);
    if (old) return old;
    this.#range ??= this.chooseRange(seed);
    const made = this.#cases.get(key) ?? this.make(seed, this.#range, sparse);
    this.#cases.set(key, made);
    return made;
  }

  /** The first kind of numbers for which everything is finite. */
  chooseRange(seed: number): RangeName {
    const isFinite = (range: RangeName): boolean => {
      const made = this.make(seed, range, false);
      if (![...made.wanted.values()].every((a) => a.every(Number.isFinite))) return false;
      this.#cases.set(`${seed}false`, made);
      return true;
    };
    return RANGES.find(isFinite) ?? RANGES[0];
  }

  /** The tensors of a case: a seed and a range make all of them. */
  data(seed: number, range: RangeName): Map<string, Float64Array> {
    const old = this.#data.get(`${seed}${range}`);
    if (old) return new Map(old);
    const { layer, modes } = this.m.derived();
    const random = randomFrom(seed);
    const values = new Map<string, Float64Array>();
    const upstream = layer.outputs.map((t): Tensor => ({ ...t, name: `d${t.name}`, role: 'upstream' }));
    for (const t of [...layer.inputs, ...layer.params, ...layer.state, ...upstream]) {
      const integers = t.dtype === 'i32' ? integersOf(t.name, modes.map((x) => x.oracle)) : { low: 0, high: 0 };
      values.set(t.name, Float64Array.from(valuesFor(t, pointsOf(t.axes, layer), integers, range, random), t.dtype === 'i32' ? (v) => v : this.round));
    }
    this.#data.set(`${seed}${range}`, values);
    return new Map(values);
  }

  make(seed: number, range: RangeName, sparse: boolean): Case {
    const values = this.data(seed, range);
    const { program, coordinates, places } = sample(prune(this.mode.oracle, () => true), randomFrom(seed + 100));
    if (sparse) {
      for (const [output, at] of places) {
        const upstream = values.get(`d${output}`);
        if (!upstream) continue;
        const kept = new Float64Array(upstream.length);
        for (const n of at) kept[n] = upstream[n]!;
        values.set(`d${output}`, kept);
      }
    }
    return { values, wanted: interpret(program, this.given(program, values, coordinates), DRAW), places };
  }

  /** What a program reads of some values. */
  given(p: Program, ...from: readonly ReadonlyMap<string, Float64Array>[]): Map<string, Float64Array> {
    const names = new Set(p.tensors.map((t) => t.name));
    return new Map(from.flatMap((m) => [...m]).filter(([name]) => names.has(name)));
  }

  /** A session with the arrays of a case in it, and NaN wherever something is to be written. */
  session(seed: number, session = new Session(this.m.kernel)): Session {
    this.#range ??= this.chooseRange(seed);
    const values = this.data(seed, this.#range);
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
    const { wanted, values, places } = this.case(1);
    const { forward } = this.mode;
    this.run(session, `forward${this.m.suffix}`, this.ofRole('output', 'state'));
    const terms = this.terms(prune(forward, (s) => s.tensor.role === 'output' || s.tensor.role === 'state'), values);
    for (const name of this.ofRole('output', 'state')) {
      const stored = forward.stores.some((s) => s.tensor.name === name && s.tensor.role !== 'cache');
      const want = stored ? wanted.get(name)! : values.get(name)!;
      const got = at(session.array(name), stored ? places.get(name) : undefined);
      assertClose(name, got, want, Math.max(largest(want), terms.get(name) ?? 0), this.tolerance, this.round);
    }
  }

  backward(name: string, program: (m: DerivedMode) => Program): void {
    const session = this.session(1);
    const { wanted, places } = this.case(1);
    session.call(`forward${this.m.suffix}`);
    this.run(session, name, this.ofRole('gradient'));
    const terms = this.gradientTerms(program(this.mode));
    for (const gradient of this.ofRole('gradient')) {
      const start = this.m.subject.accumulate ? START : 0;
      const want = wanted.get(gradient)!.map((v) => v + start);
      const scale = Math.max(largest(want), terms.get(gradient) ?? 0);
      assertClose(gradient, at(session.array(gradient), places.get(gradient)), want, scale, this.tolerance, this.round);
    }
  }

  /** How large the terms are of what a program stores; nothing where that would take too long. */
  terms(p: Program, values: ReadonlyMap<string, Float64Array>): Map<string, number> {
    const { program, coordinates } = sample(magnitudes(p), randomFrom(5));
    if (workOf(program) > MOST_NODES) return new Map();
    const results = interpret(program, this.given(program, values, coordinates), DRAW);
    return new Map(p.stores.map((s) => [s.tensor.name, largest(results.get(s.tensor.name)!)]));
  }

  /** The same for a backward, whose cache the oracle's forward fills. */
  gradientTerms(p: Program): Map<string, number> {
    const { values } = this.case(1);
    const caching = prune(this.mode.forward, (s) => s.tensor.role === 'cache');
    if (workOf(caching) > MOST_NODES) return new Map();
    const cached = interpret(caching, this.given(caching, values), DRAW);
    const given = new Map<string, Float64Array>();
    for (const t of p.tensors) {
      const value = t.role === 'cache' && !t.held ? cached.get(t.name) : values.get(t.name);
      if (value) given.set(t.name, value);
    }
    return this.terms(p, given);
  }

  differences(): void {
    const { values, wanted, places } = this.case(2, true);
    const { layer } = this.m.derived();
    const { program, coordinates } = sample(prune(this.mode.oracle, (s) => s.tensor.role === 'output'), randomFrom(6), places);
    const gradients = this.mode.oracle.stores.filter((s) => s.tensor.role === 'gradient').map((s) => s.tensor.name);
    const evaluations = Math.min(MOST_EVALUATIONS, Math.max(4, Math.floor(MOST_NODES / workOf(program) / Math.max(1, gradients.length))));
    const upstream = new Map(layer.outputs.map((o) => [o.name, at(values.get(`d${o.name}`)!, places.get(o.name))]));
    const job = { forward: program, inputs: this.given(program, values, coordinates), upstream, draw: DRAW, evaluations, random: randomFrom(3) };
    for (const gradient of gradients) checkGradient(job, gradient.slice(1), wanted.get(gradient)!, places.get(gradient));
  }

  twice(): void {
    const names = [`forward${this.m.suffix}`, `backward${this.m.suffix}`];
    const fresh = this.session(1);
    for (const name of names) fresh.call(name);
    const first = new Map(this.ofRole('output', 'state', 'gradient').map((n): [string, TypedArray] => [n, fresh.array(n).slice()]));
    const other = this.session(4, fresh);
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

/** The elements at some places; all of them where there are none. */
const at = <A extends ArrayLike<number>>(array: A, places: Int32Array | undefined): A | Float64Array =>
  (places ? Float64Array.from(places, (n) => array[n]!) : array);

/** What gradients that are added to start at. */
const START = 0.5;

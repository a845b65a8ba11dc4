/**
 * Everything that must hold of what the compiler derives from any spec, at one choice of sizes and options:
 * the oracle's gradients are central differences of its own forward; the derived backward, fed by the derived forward's
 * cache, equals the oracle, and so does the staged one; every formula of them reads back as printed.
 */
import { testClaims } from '../../compiler/claims.ts';
import { derive } from '../../compiler/derive.ts';
import type { Derived, DerivedMode } from '../../compiler/ir/derived.ts';
import { read, rewrite } from '../../compiler/ir/expr.ts';
import { interpret } from '../../compiler/ir/interpret.ts';
import { printContext, printExpr } from '../../compiler/ir/print.ts';
import type { Definition, Expr, Layer, Program, Tensor } from '../../compiler/ir/tensor.ts';
import { verifyProgram } from '../../compiler/ir/verify.ts';
import { parse } from '../phases/2-elaborate/round-trip.ts';
import { drawInputs, makeRandom, type Arrays, type Domain } from './draw.ts';

export interface CheckOptions {
  readonly seed?: number;
  readonly domain?: Domain;
  /** The domains of some tensors, by name. */
  readonly domains?: Readonly<Record<string, Domain>>;
  /** Elements of each tensor that central differences are taken of; all by default. */
  readonly elements?: number;
}

/** Derives a layer and returns everything that is wrong with what came out; nothing, if all is well. */
export function problemsOf(layer: Layer, options: CheckOptions = {}): string[] {
  const derived = derive(layer, (mode, names) => testClaims(layer, layer.modes[mode]!, names));
  return derived.modes.flatMap((m) => modeProblems(derived, m, options).map((p) => (m.mode ? `${m.mode}: ${p}` : p)));
}

function modeProblems(derived: Derived, m: DerivedMode, options: CheckOptions): string[] {
  for (const p of [m.oracle, m.forward, m.backward, m.staged]) verifyProgram(p);
  const { seed = 1, domain = 'real', domains = {} } = options;
  const inputs = drawInputs(m.oracle, seed, domain, domains);
  const oracle = interpret(m.oracle, inputs);
  const forward = interpret(m.forward, only(m.forward, inputs));
  const problems = compareStores(m.forward, forward, oracle, 'forward');
  const cache = new Map(m.forward.stores.filter((s) => s.tensor.role === 'cache').map((s) => [s.tensor.name, forward.get(s.tensor.name)!]));
  for (const [what, p] of [['backward', m.backward], ['staged', m.staged]] as const) {
    const results = interpret(p, only(p, new Map([...inputs, ...cache])));
    problems.push(...compareStores(p, results, oracle, what));
  }
  // Where elements tie, a function has corners and its differences are nobody's gradient.
  if (domain !== 'tied') problems.push(...differenceProblems(derived.layer, m, inputs, oracle, options));
  problems.push(...[m.backward, m.staged].flatMap(roundTripProblems));
  return problems;
}

const only = (p: Program, arrays: Arrays): Arrays => new Map(p.tensors.filter((t) => arrays.has(t.name)).map((t) => [t.name, arrays.get(t.name)!]));
const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((m, v) => (Math.abs(v) > m ? Math.abs(v) : m), 0);

// ------------------------------------------------------------------------------------------- against the oracle

function compareStores(p: Program, got: ReadonlyMap<string, Float64Array>, oracle: ReadonlyMap<string, Float64Array>, what: string): string[] {
  // What cancels in the oracle leaves the rounding of its largest terms.
  const rounding = 1e-14 * [...oracle.values()].reduce((most, values) => Math.max(most, largest(values)), 0);
  return p.stores.filter((s) => s.tensor.role !== 'cache').flatMap((s) => {
    const { name } = s.tensor;
    const want = oracle.get(name)!;
    const values = got.get(name)!;
    const allowed = 1e-9 * Math.max(largest(want), 1e-3) + rounding;
    const at = values.findIndex((v, n) => !(Math.abs(v - want[n]!) <= allowed));
    if (values.length !== want.length) return [`${what} has ${values.length} elements of ${name}, the oracle ${want.length}`];
    return at < 0 ? [] : [`${what}: ${name}[${at}] is ${values[at]}, the oracle has ${want[at]} (largest ${largest(want)}); ${formulaOf(p, s.definition)}`];
  });
}

function formulaOf(p: Program, name: string): string {
  const d = p.definitions.find((x) => x.name === name)!;
  return `${name} = ${printExpr(d.formula, printContext(p.tensors, p.definitions))}`;
}

// ------------------------------------------------------------------------------------------ central differences

const STEP = 2e-6;
const TOLERANCE = 2e-6;

/** The forward alone: what differences are taken of. */
function forwardOf(m: DerivedMode): Program {
  const stores = m.oracle.stores.filter((s) => s.tensor.role === 'output');
  const needed = new Set(stores.map((s) => s.definition));
  const own = new Set(m.forward.definitions.map((d) => d.name));
  const isForward = (d: Definition): boolean => own.has(d.name) || needed.has(d.name);
  return { ...m.oracle, stores, definitions: m.oracle.definitions.filter((d) => isForward(d) && !d.name.startsWith('hit(')) };
}

function differenceProblems(layer: Layer, m: DerivedMode, inputs: Arrays, oracle: ReadonlyMap<string, Float64Array>, options: CheckOptions): string[] {
  const forward = forwardOf(m);
  const value = (): number => {
    const out = interpret(forward, inputs);
    let sum = 0;
    for (const t of layer.outputs) {
      const dout = inputs.get(`d${t.name}`)!;
      out.get(t.name)!.forEach((v, n) => { sum += v * dout[n]!; });
    }
    return sum;
  };
  /** (f(x + h) - f(x - h)) / 2h at one element. */
  const slope = (x: Float64Array, n: number, h: number): number => {
    const before = x[n]!;
    x[n] = before + h;
    const up = value();
    x[n] = before - h;
    const down = value();
    x[n] = before;
    return (up - down) / (2 * h);
  };
  const noise = 1e-9 * Math.max(1e-3, Math.abs(value()));
  return [...layer.inputs, ...layer.params].filter((t) => t.dtype !== 'i32').flatMap((t) => {
    const x = inputs.get(t.name)!;
    const want = oracle.get(`d${t.name}`)!;
    const places = sample(x.length, options.elements ?? Infinity, options.seed ?? 1);
    const slopes = places.map((n) => slope(x, n, STEP));
    const allowed = TOLERANCE * largest(slopes) + noise;
    const isWrong = (got: number, n: number): boolean => !(Math.abs(got - want[n]!) <= allowed);
    // A corner within the step is not a wrong gradient: a far smaller step does not meet it.
    const at = places.findIndex((n, k) => isWrong(slopes[k]!, n) && isWrong(slope(x, n, STEP * 10), n)
      && !(Math.abs(slope(x, n, STEP / 20) - want[n]!) <= 50 * allowed + 20 * noise));
    if (at < 0) return [];
    return [`d${t.name}[${places[at]}] is ${want[places[at]!]} by the oracle, ${slopes[at]} by differences; ${formulaOf(m.oracle, `d${t.name}`)}`];
  });
}

function sample(count: number, most: number, seed: number): number[] {
  const all = Array.from({ length: count }, (_, n) => n);
  if (count <= most) return all;
  const next = makeRandom(seed);
  return Array.from({ length: most }, () => all.splice(Math.floor(next() * all.length), 1)[0]!);
}

// --------------------------------------------------------------------------------------------------- round trip

function roundTripProblems(p: Program): string[] {
  // A cached name that has more axes in the other mode is printed, and read back, as this mode knows it.
  const own = (t: Tensor): Tensor => (t.own ? { ...t, axes: t.own, slots: t.own.map((axis) => [axis]) } : t);
  const narrowed = (e: Expr): Expr => {
    const t = e.kind === 'read' ? p.tensors.find((x) => x.name === e.tensor) : undefined;
    return e.kind === 'read' && t?.own ? read(e.tensor, e.index.filter((_, n) => t.own!.includes(t.axes[n]!))) : e;
  };
  const names = { env: p.env, tensors: p.tensors.map(own), definitions: p.definitions };
  const context = printContext(p.tensors, p.definitions);
  return p.definitions.filter((d) => d.formula.kind !== 'hit').flatMap((d) => {
    const text = printExpr(d.formula, context);
    try {
      const back = parse(text, names);
      return back === rewrite(d.formula, narrowed) ? [] : [`${p.name}: ${d.name} = ${text} reads back as ${printExpr(back, context)}`];
    } catch (e) {
      return [`${p.name}: ${d.name} = ${text} does not read back: ${(e as Error).message}`];
    }
  });
}

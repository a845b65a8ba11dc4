/** Phases 3 and 4 over every mode of a layer, and the cache between forward and backward. */
import type { Verdict } from './claims.ts';
import { entryName, type ClaimResult, type Derived, type DerivedMode } from './ir/derived.ts';
import type { CacheEntry, Definition, Expr, Layer, ModeProgram, Program, Store, Tensor } from './ir/tensor.ts';
import { DiagnosticError, type Diagnostic } from './diagnostics/diagnostic.ts';
import { axisIndex, constantIndex, ZERO } from './ir/affine.ts';
import { Names, namesOf } from './ir/fresh.ts';
import { freeAxes, read, readsOf, rewrite } from './ir/expr.ts';
import { differentiate, functionName, type Differentiated } from './phases/3-differentiate/index.ts';
import { proveClaims } from './phases/4-simplify/claims.ts';
import { simplify, type Simplified } from './phases/4-simplify/index.ts';
import { chooseCache, everyEntry, windowOf, type CacheTrial } from './cache.ts';
import type { Span } from './support/source.ts';
import { costOf, type Cost } from './ir/cost.ts';
import { neededNames } from './ir/needed.ts';

/** Holds claims that no proof was found for against numbers; the mode is told by its place among the modes. */
export type TestClaims = (mode: number, names: ReadonlySet<string>) => readonly Verdict[];

/** Derives the gradients of a layer. Throws DiagnosticError if the cache does not hold what backward needs, or a claim is wrong. */
export function derive(given: Layer, testClaims: TestClaims, cacheSpan?: Span): Derived {
  const layer = given.cache === 'auto' ? withStateHeld(given) : given;
  const entries = layer.cache === 'auto' ? chooseCache(layer, (e) => tryCache(layer, e)) : layer.cache;
  const modes = layer.modes.map((mode) => deriveMode(layer, mode, entries));
  const problems = insufficient(layer, modes, cacheSpan);
  if (problems.length > 0) throw new DiagnosticError(problems);
  const { cache, held } = cacheTensors(layer, entries);
  const made = modes.map((m) => programs(layer, m, cache, held));
  const refused: Diagnostic[] = [];
  const claims = modes.map((m, n) => checkClaims(layer.modes[n]!, m, (names) => testClaims(n, names), refused));
  if (refused.length > 0) throw new DiagnosticError(refused);
  return { layer, cache, held, modes: made.map((m, n) => ({ ...m, claims: claims[n]! })) };
}

/**
 * A condition may read the state (`where(running_mean > 0, ...)`), which backward does not get and which the update has
 * changed by then. `auto` then keeps a copy of what forward saw.
 */
function withStateHeld(layer: Layer): Layer {
  const everything = everyEntry(layer);
  const missing = new Set(layer.modes.flatMap((m) => deriveMode(layer, m, everything).simplified.missing));
  const wanted = layer.state.filter((t) => missing.has(t.name));
  if (wanted.length === 0) return layer;
  const names = new Names(namesOf(layer));
  const copies = wanted.map((t): Definition => ({ name: names.fresh(`held_${t.name}`), axes: t.axes, formula: read(t.name, t.axes.map(axisIndex)) }));
  const copyOf = new Map(wanted.map((t, n) => [t.name, copies[n]!.name]));
  const throughCopy = (e: Expr): Expr => (e.kind === 'read' && copyOf.has(e.tensor) ? read(copyOf.get(e.tensor)!, e.index) : e);
  const modes = layer.modes.map((m) => ({
    ...m, definitions: [...copies, ...m.definitions.map((d) => ({ ...d, formula: rewrite(d.formula, throughCopy) }))],
  }));
  return { ...layer, modes };
}

function checkClaims(mode: ModeProgram, m: ModeResult, test: (names: ReadonlySet<string>) => readonly Verdict[], refused: Diagnostic[]): ClaimResult[] {
  if (mode.claims.length === 0) return [];
  const proved = proveClaims(mode.claims, m.simplified.gradients, m.simplified.context);
  const wanted = new Set(m.simplified.gradients.map((g) => g.name));
  const open = mode.claims.filter((c) => wanted.has(c.name) && !proved.has(c.name));
  const verdicts = open.length > 0 ? test(new Set(open.map((c) => c.name))) : [];
  for (const v of verdicts) if (v.refused) refused.push(v.refused);
  return mode.claims.filter((c) => wanted.has(c.name)).map((c) => ({ name: c.name, how: proved.has(c.name) ? 'symbolically' : 'numerically' }));
}

export interface ModeResult {
  readonly differentiated: Differentiated;
  readonly simplified: Simplified;
}

function deriveMode(layer: Layer, mode: ModeProgram, entries: readonly CacheEntry[]): ModeResult {
  const d = differentiate(layer, mode);
  const updates = new Set(mode.updates.map((u) => u.definition));
  const wanted = [...layer.inputs, ...layer.params].filter((t) => t.dtype !== 'i32');
  const simplified = simplify({
    layer, written: mode.definitions.filter((x) => !updates.has(x.name)), flat: d.flat, hits: d.hits, adjoints: d.adjoints,
    upstream: d.upstream, wanted,
    cached: entries.map(entryName).filter((name) => name.startsWith('hit(') ? d.hits.some((h) => h.name === name) : true), names: d.names,
  });
  return { differentiated: d, simplified };
}

/** One diagnostic for each thing that is missing: what reads it, through which definitions, and what to cache. */
function insufficient(layer: Layer, modes: readonly ModeResult[], span: Span | undefined): Diagnostic[] {
  const out = new Map<string, Diagnostic>();
  for (const { differentiated, simplified } of modes) {
    const { definitions } = simplified.backward;
    const forward = new Set([...differentiated.flat, ...differentiated.hits].map((d) => d.name));
    for (const name of simplified.missing) {
      const lacking = dependents(definitions, name);
      const gradients = simplified.gradients.map((g) => g.name).filter((g) => lacking.has(g));
      const named = (d: Definition): boolean => forward.has(d.name) && lacking.has(d.name) && d.anonymous !== true;
      // The forward values that gradients read themselves, not those behind them.
      const direct = definitions.filter((d) => named(d) && definitions.some((r) => !forward.has(r.name) && namesOfFormula(r).includes(d.name)));
      const input = layer.inputs.some((t) => t.name === name);
      const choices = [...direct.map((d) => d.name), ...(input ? [name] : [])];
      const through = direct.length > 0 ? ` through ${quoted(direct.map((d) => d.name), 'and')},` : '';
      out.set(name, {
        code: 'cache-insufficient',
        message: `${quoted(gradients, 'and')} ${gradients.length === 1 ? 'needs' : 'need'} \`${name}\`,${through} and backward has neither it nor a way to compute it`,
        ...(span ? { span } : {}),
        help: direct.length > 0 && input ? `add ${quoted(direct.map((d) => d.name), 'and')} to \`cache\`, or \`${name}\`; or write \`cache: auto\``
          : `add ${quoted(choices.length > 0 ? choices : [name], 'and')} to \`cache\`, or write \`cache: auto\``,
      });
    }
  }
  return [...out.values()];
}

const quoted = (names: readonly string[], last: string): string => {
  const q = names.map((n) => `\`${n}\``);
  return q.length <= 1 ? q.join('') : `${q.slice(0, -1).join(', ')} ${last} ${q.at(-1)!}`;
};

const namesOfFormula = (d: Definition): string[] => (d.formula.kind === 'hit' ? [d.formula.of] : readsOf(d.formula).map((r) => r.tensor));

/** The definitions that read a name, themselves or through others. */
function dependents(definitions: readonly Definition[], name: string): Set<string> {
  const out = new Set<string>();
  for (const d of definitions) if (namesOfFormula(d).some((n) => n === name || out.has(n))) out.add(d.name);
  return out;
}

/** Work (arithmetic, and an element read as four operations), passes and length, summed over the modes. */
function tryCache(layer: Layer, entries: readonly CacheEntry[]): CacheTrial {
  const results = layer.modes.map((m) => deriveMode(layer, m, entries));
  const reads = new Set(results.flatMap((r) => [...r.simplified.backward.reads]));
  if (results.some((r) => r.simplified.missing.length > 0)) return { cost: undefined, reads };
  const { cache, held } = cacheTensors(layer, entries);
  const costs = results.map((r) => costOf(programs(layer, r, cache, held).backward, [...layer.inputs, ...layer.outputs]));
  const sum = (of: (c: Cost) => number): number => costs.reduce((n, c) => n + of(c), 0);
  const cost = [sum((c) => c.flops + 4 * c.elementsRead), sum((c) => c.passes), sum((c) => c.length)];
  return { cost, reads };
}

/** The arrays of the cache (axes: the union over modes) and the inputs held by reference. */
function cacheTensors(layer: Layer, entries: readonly CacheEntry[]): { cache: Tensor[]; held: Tensor[] } {
  const cache: Tensor[] = [];
  const held: Tensor[] = [];
  for (const e of entries) {
    if (e.kind === 'input') {
      const t = layer.inputs.find((i) => i.name === e.name)!;
      held.push({ ...t, role: 'cache', held: true });
      continue;
    }
    const of = e.kind === 'hit' ? e.of : e.name;
    const definitions = layer.modes.flatMap((m) => m.definitions.filter((d) => d.name === of));
    const widest = definitions.reduce((a, b) => (b.axes.length > a.axes.length ? b : a));
    const axes = [...widest.axes, ...definitions.flatMap((d) => d.axes).filter((a, n, all) => !widest.axes.includes(a) && all.indexOf(a) === n)];
    if (e.kind === 'definition') {
      cache.push({ name: e.name, role: 'cache', slots: axes.map((a) => [a]), axes, dtype: layer.dtype });
      continue;
    }
    const windows = new Set(definitions.map(windowOf));
    if (windows.size > 1) {
      throw new DiagnosticError([{ code: 'mode-cache', message: `\`hit(${of})\` is of ${[...windows].join(' in one mode and of ')} in the other`,
        ...(e.span ? { span: e.span } : {}), help: `cache what \`${of}\` is the extreme of, or write \`cache: auto\`` }]);
    }
    const formula = definitions[0]!.formula;
    const reduced = formula.kind === 'reduce' ? formula.axes : [];
    const offset = layer.ties === 'first';
    const all = [...axes, ...reduced];
    cache.push({
      name: `hit(${of})`, role: 'cache', slots: all.map((a) => [a]), axes: all, dtype: 'i32', outside: 0,
      hit: { form: offset ? 'offset' : 'mask', of: axes, reduced, ties: layer.ties },
    });
  }
  return { cache, held };
}

/**
 * A definition that is cached with more axes than it has in this mode (`mask: 1` in test mode) is stored over all of them.
 * A read of it keeps its index for the axes that the definition has in this mode; along the others it is the same
 * everywhere, and read where the reader stands, else at element 0.
 */
function widen(p: Program, cache: readonly Tensor[], mode: ModeProgram): Program {
  const wide = new Map(cache.filter((t) => t.hit === undefined).map((t) => [t.name, t.axes]));
  const narrow = new Map(mode.definitions.map((d) => [d.name, d.axes]));
  const at = (e: Expr, axes: readonly string[]): Expr => {
    if (e.kind !== 'read') return e;
    const own = wide.get(e.tensor);
    if (!own || own.length === e.index.length) return e;
    const given = new Map((narrow.get(e.tensor) ?? []).map((axis, n) => [axis, e.index[n]!]));
    return read(e.tensor, own.map((axis) => given.get(axis) ?? (axes.includes(axis) ? axisIndex(axis) : constantIndex(ZERO))));
  };
  const definitions = p.definitions.map((d) => {
    const formula = rewrite(d.formula, (e) => at(e, d.axes));
    return { ...d, formula, axes: p.stores.some((s) => s.definition === d.name) ? wide.get(d.name) ?? d.axes : d.axes };
  });
  return { ...p, definitions };
}

function programs(layer: Layer, m: ModeResult, cache: readonly Tensor[], held: readonly Tensor[]): DerivedMode {
  const { differentiated: d, simplified: s } = m;
  const { mode } = d;
  const arrays = cache.filter((t) => t.hit === undefined || d.hits.some((h) => h.name === t.name));
  const hits = arrays.filter((t) => t.hit !== undefined).map((t) => d.hits.find((h) => h.name === t.name)!);
  const forwardStores: Store[] = [
    ...layer.outputs.map((tensor) => ({ tensor, definition: tensor.name })),
    ...arrays.filter((t) => t.hit !== undefined || mode.definitions.some((x) => x.name === t.name)).map((tensor) => ({ tensor, definition: tensor.name })),
    ...mode.updates.map((u) => ({ tensor: layer.state.find((t) => t.name === u.state)!, definition: u.definition })),
  ];
  const forwardTensors = [...layer.inputs, ...layer.params, ...layer.state, ...layer.random];
  const forward = program(functionName('forward', mode), layer, mode, [...mode.definitions, ...hits], forwardStores, forwardTensors);
  const backwardTensors = [
    ...d.upstream, ...layer.params, ...layer.inputs.filter((t) => t.dtype === 'i32' && !held.some((h) => h.name === t.name)), ...layer.random, ...cache, ...held,
  ];
  const gradientStores = d.gradients.map((tensor): Store => ({ tensor, definition: tensor.name }));
  const backward = program(functionName('backward', mode), layer, mode, s.backward.definitions, gradientStores, backwardTensors);
  const staged = program(functionName('backward', mode, 'Staged'), layer, mode, (s.staged ?? s.backward).definitions, gradientStores, backwardTensors);
  return { ...(mode.mode ? { mode: mode.mode } : {}), forward, backward, staged, oracle: d.oracle, steps: s.steps, claims: [] };
}

/** Keeps only what the stores need, and only the tensors that are read. */
function program(
  name: string, layer: Layer, mode: ModeProgram, definitions: readonly Definition[], stores: readonly Store[], tensors: readonly Tensor[],
): Program {
  const defined = new Set(definitions.map((x) => x.name));
  const needed = neededNames({ definitions, stores });
  const cache = tensors.concat(stores.map((x) => x.tensor)).filter((t) => t.role === 'cache' && !t.held);
  return widen({
    name, env: layer.env, stores,
    tensors: tensors.filter((t) => needed.has(t.name) && !defined.has(t.name)).map((t) => withOwn(t, mode)),
    definitions: definitions.filter((x) => needed.has(x.name)).flatMap((x) => repeated(x, layer)),
  }, cache, mode);
}

/** An array of the cache, with the axes its definition has in this mode. */
function withOwn(t: Tensor, mode: ModeProgram): Tensor {
  const d = t.role === 'cache' && !t.held && !t.hit ? mode.definitions.find((x) => x.name === t.name) : undefined;
  return d && d.axes.length < t.axes.length ? { ...t, own: t.axes.filter((axis) => d.axes.includes(axis)) } : t;
}

/** A reduction that is the same along some axes of its definition is made once, under a name of its own, and repeated. */
function repeated(d: Definition, layer: Layer): Definition[] {
  const free = freeAxes(d.formula);
  if (d.formula.kind !== 'reduce' || d.axes.every((a) => free.has(a))) return [d];
  const axes = d.axes.filter((a) => free.has(a));
  const once: Definition = { name: new Names(namesOf(layer)).fresh(`one_${d.name}`), axes, formula: d.formula, anonymous: true };
  return [once, { ...d, formula: read(once.name, axes.map(axisIndex)) }];
}

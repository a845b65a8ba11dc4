/**
 * Phase 4: the backward in closed form. Declares what the forward has as letters, finds what backward can be written in,
 * runs the normalising sweep, and assembles the gradients into a Program; the raw sweep of phase 3 becomes the staged
 * Program over the same cache.
 */
import { printExpr, type PrintContext } from '../../ir/print.ts';
import { axisOrder, type Names } from '../../ir/fresh.ts';
import type { Step } from '../../ir/derived.ts';
import type { Definition, Layer, Tensor } from '../../ir/tensor.ts';
import { assemble, computable, namesIn, withMaximaAgain, type Assembled, type Gradient } from './assemble.ts';
import type { Context } from './context.ts';
import { expressMonomial, expressPoly, type Express } from './express.ts';
import { foldExpr, makeFolding } from './fold.ts';
import { Letters } from './letters.ts';
import { declareForward } from './load.ts';
import { Log } from './log.ts';
import { Prover } from './proof.ts';
import { sweep } from './sweep.ts';

export interface SimplifyInput {
  readonly layer: Layer;
  /** The forward as written, without updates. */
  readonly written: readonly Definition[];
  /** The same, flattened. */
  readonly flat: readonly Definition[];
  readonly hits: readonly Definition[];
  /** The raw sweep. */
  readonly adjoints: readonly Definition[];
  readonly upstream: readonly Tensor[];
  /** Tensors whose gradients are wanted, in order. */
  readonly wanted: readonly Tensor[];
  /** Names of definitions, inputs and `hit(y)` that the cache holds. */
  readonly cached: readonly string[];
  readonly names: Names;
}

export interface Simplified {
  readonly backward: Assembled;
  /** Absent where the raw sweep needs what the cache cannot give. */
  readonly staged?: Assembled;
  /** Names backward needs and cannot have; empty if all is well. */
  readonly missing: readonly string[];
  readonly steps: readonly Step[];
  readonly context: Context;
  readonly gradients: readonly Gradient[];
}

/** Derives the backward over a given cache. Never fails: what it cannot have is listed in `missing`. */
export function simplify(input: SimplifyInput): Simplified {
  const { layer } = input;
  const letters = new Letters(layer.env, axisOrder(layer), input.names);
  const leaves = [...layer.inputs, ...layer.params, ...layer.state, ...layer.random, ...input.upstream];
  declareForward(letters, leaves, [...input.flat, ...input.hits]);
  const all = [...letters.all()];
  const forward = all.filter((l) => l.body.kind !== 'leaf');
  const held = new Set([
    ...input.cached, ...input.upstream.map((t) => t.name), ...layer.params.map((t) => t.name), ...layer.random.map((t) => t.name),
    ...layer.inputs.filter((t) => t.dtype === 'i32').map((t) => t.name),
  ]);
  const express = printing(letters);
  const context = printContextOf(letters);
  const log = new Log({
    poly: (p) => clip(printExpr(expressPoly(p, express), context)),
    sum: (m, axes) => clip(`sum[${axes.join(', ')}](${printExpr(expressMonomial(m, express), context)})`),
  });
  const cx: Context = { letters, log, express, folding: makeFolding(letters, all, held) };
  const found = sweep({ forward, upstream: input.upstream, wanted: input.wanted, isZero: (p) => new Prover(letters).isZero(p) }, cx);
  const gradients = input.wanted.map((t): Gradient => ({ name: `d${t.name}`, axes: t.axes, value: found.get(t.name) ?? [] }));

  const formulas = new Map([...input.flat, ...input.hits, ...input.written].map((d) => [d.name, d]));
  const flat = new Map(input.flat.map((d) => [d.name, d]));
  const backward = assemble({ gradients, forward: formulas, flat, held }, cx);
  const missing = [...backward.reads].filter((name) => !held.has(name));
  const staged = assembleStaged(input, formulas, flat, held, cx);
  return { backward, ...(staged ? { staged } : {}), missing, steps: log.steps, context: cx, gradients };
}

/** The raw adjoints, forward values written in what backward has. */
function assembleStaged(
  input: SimplifyInput, formulas: ReadonlyMap<string, Definition>, flat: ReadonlyMap<string, Definition>, held: ReadonlySet<string>, cx: Context,
): Assembled | undefined {
  const raw = new Map(input.adjoints.map((d) => [d.name, d]));
  const made = withMaximaAgain(held, (has) => {
    const out = new Map<string, Definition>();
    const reads = new Set<string>();
    const need = (name: string): void => {
      if (out.has(name)) return;
      const d = has.has(name) ? undefined : raw.get(name) ?? formulas.get(name);
      if (!d) { reads.add(name); return; }
      const formula = raw.has(name) ? foldExpr(d.formula, cx) : computable(d, { flat }, cx);
      for (const n of namesIn(formula)) need(n);
      out.set(name, { ...d, formula });
    };
    for (const t of input.wanted) need(`d${t.name}`);
    return { definitions: [...out.values()], reads };
  });
  return [...made.reads].every((name) => held.has(name)) ? made : undefined;
}

/** Larger formulas print as a name. */
const MOST_PRINTED = 40;

/** Letters without a name of the user's print as their formulas. */
const printing = (letters: Letters): Express =>
  ({ letters, inline: (l) => l.anonymous && l.body.kind !== 'leaf' && l.body.kind !== 'hit' && letters.weight(l.name) <= MOST_PRINTED, nameOf: (l) => l.name, isGradient: () => false });

function printContextOf(letters: Letters): PrintContext {
  return {
    slotsOf: (name) => {
      const letter = letters.find(name);
      return letter?.body.kind === 'leaf' ? letter.body.tensor.slots : letter?.axes.map((a) => [a]);
    },
  };
}

/** Nobody reads past a line or two; a deep net of anonymous letters can print as megabytes. */
const clip = (text: string): string => (text.length <= 400 ? text : `${text.slice(0, 399)}…`);


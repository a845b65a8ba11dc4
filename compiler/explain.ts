/**
 * `explain`: what a layer computes, what its backward costs, and how the backward was derived, step by step. For each
 * definition, from the outputs to the inputs: what flows to it as the chain rule gives it, the rules that fired, and the
 * normal form they leave. Ends in the gradients.
 */
import { DiagnosticError } from './diagnostics/diagnostic.ts';
import { closest } from './support/suggest.ts';
import type { Derived, DerivedMode, Step } from './ir/derived.ts';
import { costOf } from './ir/cost.ts';
import { printContext, printExpr } from './ir/print.ts';
import { sizeOf } from './ir/affine.ts';
import type { Definition, Program, Tensor } from './ir/tensor.ts';

export interface ExplainOptions {
  /** One definition only: `dx`, or `mu`. */
  readonly only?: string;
}

/** The explanation of one mode as text. */
export function explainText(derived: Derived, mode: DerivedMode, options: ExplainOptions = {}): string {
  const { layer } = derived;
  const title = mode.mode ? `${layer.name}, ${mode.mode} mode` : layer.name;
  const sizes = [...layer.givenAxes, ...layer.derivedAxes].map((a) => `${a} = ${layer.env.sizes.get(a)}`).join(', ');
  if (options.only !== undefined) return onlyText(mode, options.only);
  return [
    `${title} (${sizes})`,
    // A spec may be a stranger's: what would steer a terminal is not printed.
    layer.summary.replace(/[\p{C}\u2028\u2029]+/gu, ' '),
    '',
    'forward',
    ...formulas(mode.forward),
    '',
    ...costs(derived, mode),
    '',
    'derivation, from the output to the inputs: what the chain rule gives, what was used (and the rule), what is left (and the rules)',
    ...derivation(mode.steps),
    '',
    ...(mode.claims.length === 0 ? [] : [`claims: ${mode.claims.map((c) => `${c.name} proved equal ${c.how}`).join(', ')}`, '']),
    'backward',
    ...formulas(mode.backward),
  ].join('\n') + '\n';
}

/** The same as data. */
export function explainData(derived: Derived, mode: DerivedMode) {
  return {
    layer: derived.layer.name,
    ...(mode.mode ? { mode: mode.mode } : {}),
    sizes: Object.fromEntries(derived.layer.env.sizes),
    forward: formulaData(mode.forward),
    steps: mode.steps,
    backward: formulaData(mode.backward),
    cost: costOf(mode.backward),
    rawCost: costOf(mode.staged),
    cacheBytes: cacheBytes(derived),
    claims: mode.claims,
  };
}

/** @throws DiagnosticError if nothing has the name */
function onlyText(mode: DerivedMode, name: string): string {
  const wanted = (d: Definition): boolean => d.name === name;
  const steps = mode.steps.filter((s) => s.definition === name || `d${s.definition}` === name);
  const found = [...formulas(mode.forward, wanted), ...(steps.length > 0 ? derivation(steps) : []), ...formulas(mode.backward, wanted)];
  if (found.length > 0) return `${found.join('\n')}\n`;
  const names = [...new Set([...mode.forward.definitions, ...mode.backward.definitions].map((d) => d.name))];
  const near = closest(name, names);
  throw new DiagnosticError([{ code: 'unknown-definition', message: `no definition is named \`${name.slice(0, 60)}\``,
    help: near !== undefined ? `did you mean \`${near}\`?` : `the definitions are ${names.join(', ')}` }]);
}

function formulas(p: Program, wanted: (d: Definition) => boolean = () => true): string[] {
  const rows = formulaData(p).filter((r) => wanted({ name: r.name } as Definition));
  const width = Math.max(0, ...rows.map((r) => r.name.length));
  const shape = Math.max(0, ...rows.map((r) => r.axes.length));
  return rows.map((r) => `  ${r.name.padEnd(width)} ${r.axes.padEnd(shape)} = ${r.formula}`);
}

function formulaData(p: Program): { name: string; axes: string; formula: string }[] {
  const context = printContext([...p.tensors, ...p.stores.map((s) => s.tensor)], p.definitions);
  return p.definitions.map((d) => ({ name: d.name, axes: `[${d.axes.join(', ')}]`, formula: printExpr(d.formula, context) }));
}

function costs(derived: Derived, mode: DerivedMode): string[] {
  const now = costOf(mode.backward);
  const raw = costOf(mode.staged);
  const fields = [...derived.cache.map((t) => t.name), ...derived.held.map((t) => `${t.name} (by reference)`)];
  return [
    `passes over memory      ${now.passes} (unsimplified ${raw.passes})`,
    `reductions over dout    ${now.reductions} (unsimplified ${raw.reductions})`,
    `flops                   forward ${costOf(mode.forward).flops}, backward ${now.flops} (unsimplified ${raw.flops})`,
    `cache                   ${fields.length > 0 ? fields.join(', ') : 'nothing'}: ${cacheBytes(derived)} bytes`,
  ];
}

/** Bytes of the arrays of the cache; inputs held by reference cost nothing. */
function cacheBytes(derived: Derived): number {
  const of = (t: Tensor): number => {
    const elements = (axes: readonly string[]): number => axes.reduce((n, a) => n * sizeOf(derived.layer.env, a), 1);
    if (t.hit) return t.hit.form === 'offset' ? 4 * elements(t.hit.of) : elements(t.axes);
    return elements(t.axes) * (t.dtype === 'f64' ? 8 : 4);
  };
  return derived.cache.reduce((n, t) => n + of(t), 0);
}

/** One block a definition: what the chain rule gives it, the definitions and facts used, and what is left. */
function derivation(steps: readonly Step[]): string[] {
  const lines: string[] = [];
  const label = (s: Step): string => `d${s.definition}`;
  let aside: string[] = [];
  steps.forEach((s, n) => {
    if (s.aside) {
      aside.push(`        ${s.before} ${s.rule === 'fact' ? '=' : '->'} ${s.after}   (${s.rule})`);
      return;
    }
    const first = steps.slice(0, n).every((t) => t.definition !== s.definition || t.aside);
    lines.push(`  ${label(s)} ${first ? '=' : '+='} ${s.before}`, ...aside);
    if (s.after !== s.before) lines.push(`    = ${s.after}   (${s.rule})`);
    aside = [];
  });
  return lines;
}

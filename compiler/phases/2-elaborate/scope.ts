/**
 * What one mode of a layer knows while its formulas are resolved: the tensors, and of each definition whether it is
 * done, still to come, broken, or absent from this mode.
 */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { Formula } from '../../ir/formula.ts';
import type { Spec, SpecDefinition } from '../../ir/spec.ts';
import type { Definition, Env, Mode, Tensor } from '../../ir/tensor.ts';
import type { Span } from '../../support/source.ts';
import type { Absence, ArrayName, Context, Found } from './context.ts';
import { givenTensors, type Tensors } from './tensors.ts';

/** What both modes share. */
export interface LayerScope {
  readonly spec: Spec;
  readonly env: Env;
  readonly axes: readonly string[];
  readonly choices: ReadonlyMap<string, readonly string[]>;
  readonly tensors: Tensors;
  readonly proves: boolean;
  readonly problems: Problems;
}

export interface ModeScope {
  readonly layer: LayerScope;
  readonly mode: Mode | undefined;
  readonly formulas: ReadonlyMap<string, Formula>;
  readonly done: Map<string, Definition>;
  readonly broken: Set<string>;
  /** Why a definition does not exist in this mode: it reads what does not, or (undefined) it has no formula. */
  readonly absent: Map<string, Absence | undefined>;
}

/** The formula of a definition in a mode. */
export const formulaIn = (d: SpecDefinition, mode: Mode | undefined): Formula | undefined =>
  (mode === undefined ? undefined : d[mode]) ?? d.both;

/** What a mode starts from: its formulas, none of them resolved. */
export function modeScope(layer: LayerScope, mode: Mode | undefined): ModeScope {
  const formulas = new Map<string, Formula>();
  const absent = new Map<string, undefined>();
  for (const d of layer.spec.forward) {
    const formula = formulaIn(d, mode);
    if (formula) formulas.set(d.name.value, formula);
    else absent.set(d.name.value, undefined);
  }
  return { layer, mode, formulas, done: new Map(), broken: new Set(), absent };
}

/** The context of a formula; `find` answers for what is not a tensor or a finished definition. */
export function contextIn(s: ModeScope, backward: boolean, more: Pick<Context, 'find' | 'findHit' | 'readable'>): Context {
  const { spec, env, axes, choices, proves, problems } = s.layer;
  return { problems, env, axes, choices, proves, backward, reduce: spec.reduce?.value.map((ref) => ref.name), absences: [], ...more };
}

/** A tensor, or a definition as far as it is known. */
export function findForward(s: ModeScope, name: string): Found | undefined {
  const tensor = givenTensors(s.layer.tensors).find((t) => t.name === name);
  if (tensor) return tensorName(tensor);
  const definition = s.done.get(name);
  if (definition) return definitionName(definition, s);
  if (s.broken.has(name)) return { kind: 'broken' };
  return s.absent.has(name) ? { kind: 'absent' } : undefined;
}

/** A tensor as formulas know it. */
export function tensorName(t: Tensor): ArrayName {
  const { name, slots, axes, dtype, outside } = t;
  return { kind: 'array', what: 'tensor', name, slots, axes, dtype, ...(outside === undefined ? {} : { outside }) };
}

function definitionName(d: Definition, s: ModeScope): ArrayName {
  const output = s.layer.tensors.outputs.find((t) => t.name === d.name);
  const slots = output?.slots ?? d.axes.map((axis) => [axis]);
  return { kind: 'array', what: 'definition', name: d.name, slots, axes: d.axes, dtype: s.layer.tensors.outputs[0]?.dtype ?? 'f32' };
}

/** What a formula may read, for suggestions. */
export function* readableNames(s: ModeScope): Generator<string> {
  for (const t of givenTensors(s.layer.tensors)) yield t.name;
  yield* s.formulas.keys();
}

/** Every name in a formula. */
export function namesIn(f: Formula, into = new Set<string>()): Set<string> {
  switch (f.kind) {
    case 'number': break;
    case 'name': into.add(f.name); break;
    case 'unary': namesIn(f.x, into); break;
    case 'binary': namesIn(f.a, into); namesIn(f.b, into); break;
    case 'call': for (const a of f.args) namesIn(a, into); break;
    case 'read':
      into.add(f.name);
      for (const slot of f.slots) for (const part of slot.parts) namesIn(part, into);
      break;
  }
  return into;
}

/** Reports that `reader` needs what this mode does not have, naming the formula that is missing in the end. */
export function reportAbsence(reader: string, absence: Absence, s: ModeScope): void {
  let at = absence;
  let by = reader;
  for (let next = s.absent.get(at.name); next; next = s.absent.get(at.name)) {
    by = at.name;
    at = next;
  }
  s.layer.problems.add({
    code: 'mode-missing', span: at.span,
    message: `\`${by}\` reads \`${at.name}\` in ${s.mode} mode, where it has no formula`,
    help: `give \`${at.name}\` a \`${s.mode}:\` formula, or \`${by}\` one without it`,
  });
}

export const noHits = (s: ModeScope) => (of: string, span: Span): Found => {
  s.layer.problems.add({ code: 'unknown-function', span, message: `\`hit(${of})\` stands in \`cache\` and in formulas of \`backward\``, help: `compare: \`where(x == ${of}, 1, 0)\`` });
  return { kind: 'broken' };
};

/**
 * Phase 2: a Spec and the sizes and options asked for -> a Layer: names resolved, sizes derived, every read proven
 * inside its array. All problems are found before any is thrown; a definition that is wrong silences those that read it.
 */
import { DiagnosticError, Problems, type Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Spec } from '../../ir/spec.ts';
import type { Definition, Env, Layer, Mode, ModeProgram } from '../../ir/tensor.ts';
import { axesInOrder, axesOf, resolveSizes } from './axes.ts';
import { elaborateCache } from './cache.ts';
import { elaborateClaims } from './claims.ts';
import { elaborateForward, elaborateUpdates } from './forward.ts';
import { unknownAxis } from './indices.ts';
import { checkLimits } from './limits.ts';
import { choicesOf, resolveOptions, tiesOf } from './options.ts';
import type { Request } from './request.ts';
import { contextIn, modeScope, noHits, type LayerScope, type ModeScope } from './scope.ts';
import { searchSizes } from './sample.ts';
import { elaborateTensors } from './tensors.ts';

export type { Request, RequestPlaces } from './request.ts';
export { axesOf } from './axes.ts';
export { resolveFormula, type FormulaNames } from './formula.ts';

/**
 * Fixes the sizes and options of a layer.
 *
 * @throws DiagnosticError with every problem of the spec and of the request
 */
export function elaborate(spec: Spec, request: Request): Layer {
  const problems = new Problems();
  if (spec.abstract) throw new DiagnosticError([abstractLayer(spec, request)]);
  const options = resolveOptions(spec, request, problems);
  const sizes = resolveSizes(spec, request, options, problems);
  const proves = [...sizes.values()].every((size) => !Number.isNaN(size));
  const env: Env = { sizes, options };
  const tensors = elaborateTensors(spec, request.dtype, problems);
  const scope: LayerScope = { spec, env, axes: axesInOrder(spec), choices: choicesOf(spec), tensors, proves, problems };

  const modes = modesOf(spec).map((mode) => modeScope(scope, mode));
  if (modes[0]) checkReduce(modes[0]);
  const programs = modes.map((s) => elaborateMode(s));
  const cache = elaborateCache(scope, modes);
  if (proves) {
    const all = [...tensors.inputs, ...tensors.params, ...tensors.state, ...tensors.random, ...tensors.outputs];
    checkLimits(all, unique(programs.flatMap((p) => p.definitions)), env, request.at?.entry, problems);
  }
  if (problems.found.length > 0) throw new DiagnosticError(inOrder(problems.found));
  return {
    name: spec.layer.value,
    summary: spec.summary,
    file: spec.source.path.slice(spec.source.path.lastIndexOf('/') + 1),
    dtype: request.dtype,
    env,
    givenAxes: axesOf(spec).given,
    derivedAxes: axesOf(spec).derived,
    ties: tiesOf(options),
    ...tensors,
    cache,
    modes: programs,
  };
}

/**
 * Small, odd sizes, unequal where they can be, at which the layer can be elaborated; the same in every run.
 *
 * @param options overrides, as in a request
 * @throws DiagnosticError where the spec itself is wrong, or no such sizes were found
 */
export function sampleSizes(spec: Spec, options: Request['options'] = new Map()): Map<string, number> {
  return searchSizes(spec, options, (request) => elaborate(spec, request));
}

function abstractLayer(spec: Spec, request: Request): Diagnostic {
  return {
    code: 'abstract-layer', span: request.at?.entry ?? spec.layer.span,
    message: `\`${spec.layer.value}\` is abstract: it holds what other layers extend, and has no kernels of its own`,
  };
}

/** A layer has modes where a formula of `forward` has, or where state is updated. */
function modesOf(spec: Spec): readonly (Mode | undefined)[] {
  const has = spec.update.length > 0 || spec.forward.some((d) => d.train || d.test);
  return has ? ['train', 'test'] : [undefined];
}

function checkReduce(s: ModeScope): void {
  const { spec, axes, problems } = s.layer;
  const c = contextIn(s, false, { find: () => undefined, findHit: noHits(s), readable: () => [] });
  const refs = spec.reduce?.value ?? [];
  for (const ref of refs) if (!axes.includes(ref.name)) unknownAxis(ref.name, ref.span, c);
  const twice = refs.find((ref, n) => refs.findIndex((r) => r.name === ref.name) < n);
  if (twice) problems.add({ code: 'reduction-axes', span: twice.span, message: `\`reduce\` lists ${twice.name} twice` });
}

function elaborateMode(s: ModeScope): ModeProgram {
  elaborateForward(s);
  const { definitions, updates } = s.mode === 'train' ? elaborateUpdates(s) : { definitions: [], updates: [] };
  const claims = elaborateClaims(s);
  if (!s.mode) reportModeClaims(s);
  return { ...(s.mode ? { mode: s.mode } : {}), definitions: [...s.done.values(), ...definitions], updates, claims };
}

function reportModeClaims(s: ModeScope): void {
  for (const d of s.layer.spec.backward) {
    if (d.both || (!d.train && !d.test)) continue;
    s.layer.problems.add({
      code: 'mode-missing', span: d.name.span, message: `\`${d.name.value}\` is claimed for a mode, but the layer has no modes`,
      help: 'write one formula, without `train:` and `test:`',
    });
  }
}

/** What both modes share is one definition. */
const unique = (definitions: readonly Definition[]): Definition[] =>
  definitions.filter((d, n) => definitions.findIndex((o) => o.name === d.name && o.formula === d.formula) === n);

/** Each problem once, though two modes may have found it; file by file, in the order of the text. */
function inOrder(found: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of found) {
    const key = `${d.code} ${d.message} ${d.span?.source.path} ${d.span?.start}`;
    if (!seen.has(key)) seen.set(key, d);
  }
  const files = [...new Set([...seen.values()].map((d) => d.span?.source.path))];
  const file = (d: Diagnostic): number => files.indexOf(d.span?.source.path);
  return [...seen.values()].sort((a, b) => file(a) - file(b) || (a.span?.start ?? 0) - (b.span?.start ?? 0));
}

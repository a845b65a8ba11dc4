/** The whole compiler in reading order: every stage does its work, is verified, and can be printed. */
import { testClaims } from './claims.ts';
import { derive } from './derive.ts';
import type { Derived } from './ir/derived.ts';
import { printProgram } from './ir/print.ts';
import type { Spec } from './ir/spec.ts';
import type { Layer, Program } from './ir/tensor.ts';
import { verifyProgram } from './ir/verify.ts';
import { readSpec } from './phases/1-read/index.ts';
import { elaborate, sampleSizes, type RequestPlaces } from './phases/2-elaborate/index.ts';
import type { Source } from './support/source.ts';

export interface StageText {
  readonly stage: string;
  readonly text: string;
  readonly ms: number;
}

/** Collects what the stages print; a stage that nobody asked for is not printed. */
export class Trace {
  readonly stages: StageText[] = [];
  /** Runs one step of the compiler: do it, check the result, show it to whoever asked. */
  stage<T>(stage: string, run: () => T, verify: (result: T) => void, print: (result: T) => string): T {
    const start = performance.now();
    const result = run();
    verify(result);
    const ms = performance.now() - start;
    this.stages.push({ stage, ms, get text() { return print(result); } });
    return result;
  }
}

export type Named<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>;

export interface LayerRequest {
  readonly source: Source;
  /** The spec of another layer, for `extends`. */
  readonly load: (layer: string) => Source | undefined;
  /** Sizes of the axes that are not derived; absent: small ones are chosen. */
  readonly sizes?: Named<number>;
  readonly options?: Named<number | string>;
  readonly dtype?: 'f32' | 'f64';
  /** Where sizes and options stand, for diagnostics. */
  readonly at?: RequestPlaces;
}

export interface Front {
  readonly spec: Spec;
  readonly layer: Layer;
  readonly derived: Derived;
}

const toMap = <T>(named: Named<T> | undefined): Map<string, T> =>
  new Map(named instanceof Map ? named : Object.entries((named ?? {}) as Record<string, T>));

/** Phases 1 to 4: from the text of a spec to its derived backward. @throws DiagnosticError */
export function compileFront(request: LayerRequest, trace: Trace): Front {
  const spec = trace.stage('spec', () => readSpec(request.source, request.load), () => undefined, printSpec);
  const options = toMap(request.options);
  const sizes = request.sizes ? toMap(request.sizes) : sampleSizes(spec, options);
  const layer = trace.stage('ir',
    () => elaborate(spec, { sizes, options, dtype: request.dtype ?? 'f32', ...(request.at ? { at: request.at } : {}) }),
    () => undefined, (l) => l.modes.map((m) => printProgram(forwardOf(l, m))).join('\n'));
  // Claims that resist a proof are tried with numbers, at sizes an interpreter likes.
  let small: Layer | undefined;
  const derived = derive(layer, (mode, names) => {
    small ??= elaborate(spec, { sizes: sampleSizes(spec, options), options, dtype: 'f64' });
    return testClaims(small, small.modes[mode]!, names);
  }, (spec.cache ?? spec.layer).span);
  trace.stage('grad', () => derived, (d) => d.modes.forEach((m) => verifyProgram(m.oracle)),
    (d) => d.modes.map((m) => printProgram(m.staged)).join('\n'));
  trace.stage('simplified', () => derived, verifyDerived, (d) => d.modes.map((m) => printProgram(m.backward)).join('\n'));
  return { spec, layer, derived };
}

function verifyDerived(d: Derived): void {
  for (const m of d.modes) for (const p of [m.forward, m.backward, m.staged]) verifyProgram(p);
}

function forwardOf(layer: Layer, mode: Layer['modes'][number]): Program {
  return {
    name: mode.mode ?? 'forward', env: layer.env,
    tensors: [...layer.inputs, ...layer.params, ...layer.state, ...layer.random],
    definitions: mode.definitions, stores: [],
  };
}

/** The spec after `extends`, one line a part. */
function printSpec(spec: Spec): string {
  const shape = (t: Spec['inputs'][number]): string =>
    `${t.name.value}: [${t.shape.map((s) => (s.axes.length > 1 ? `(${s.axes.map((a) => a.name).join(' ')})` : s.axes[0]!.name)).join(', ')}]`;
  const text = (f: { span: { source: Source; start: number; end: number } } | undefined): string =>
    f ? f.span.source.text.slice(f.span.start, f.span.end).replace(/\s+/g, ' ') : '';
  const definition = (d: Spec['forward'][number]): string[] => [
    ...(d.both ? [`  ${d.name.value} = ${text(d.both)}`] : []),
    ...(d.train ? [`  ${d.name.value} = ${text(d.train)}   (train)`] : []),
    ...(d.test ? [`  ${d.name.value} = ${text(d.test)}   (test)`] : []),
  ];
  return [
    `layer ${spec.layer.value}${spec.ancestors.length > 0 ? `, extends ${spec.ancestors.join(', ')}` : ''}`,
    ...spec.options.map((o) => `option ${o.name.value} = ${o.value.value}`),
    ...spec.axes.map((a) => `axis ${a.name.value} = ${text(a.size)}`),
    ...(['inputs', 'params', 'state', 'random', 'outputs'] as const).flatMap((k) => spec[k].map((t) => `${k} ${shape(t)}`)),
    ...(spec.reduce ? [`reduce [${spec.reduce.value.map((a) => a.name).join(', ')}]`] : []),
    'forward', ...spec.forward.flatMap(definition),
    ...(spec.update.length > 0 ? ['update', ...spec.update.flatMap(definition)] : []),
    ...(spec.backward.length > 0 ? ['backward', ...spec.backward.flatMap(definition)] : []),
  ].join('\n') + '\n';
}

/** Phases 1 to 6: one kernel, from the text of its spec to the files that are written. */
import type { Derived } from './ir/derived.ts';
import { printNest } from './ir/loop-print.ts';
import { verifyLoops } from './ir/loop-verify.ts';
import type { Layer } from './ir/tensor.ts';
import { DiagnosticError } from './diagnostics/diagnostic.ts';
import { compileFront, Trace, type LayerRequest, type StageText } from './pipeline.ts';
import { Choices } from './phases/5-schedule/choices.ts';
import { elemOf, schedule, type ScheduleOptions } from './phases/5-schedule/index.ts';
import { ScratchPool } from './phases/5-schedule/storage.ts';
import { emitModule, emitTest, type EmitOptions, type Scheduler } from './phases/6-emit/index.ts';
import type { ModuleNames } from './ir/names.ts';

export interface KernelRequest extends LayerRequest {
  /** Absent: the layer and its sizes, `layernorm_128x768`. */
  readonly name?: string;
  /** Also emit the unsimplified sweep, `backwardStaged`. */
  readonly staged?: boolean;
  /** Gradients are added to, not written. */
  readonly accumulate?: boolean;
  /** Who owns the arrays. */
  readonly buffers?: 'caller' | 'module';
  /** Which of several right schedules a kernel of this name takes; absent: what the cost model likes best. */
  readonly choices?: (name: string) => Choices;
}

export interface Compiled {
  readonly name: string;
  /** NAME.ts, then NAME.test.ts. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly derived: Derived;
  readonly stages: readonly StageText[];
}

/** What one kernel may generate: a spec that unrolls into more is refused. */
const MAX_OUTPUT = 4_000_000;

/**
 * Compiles one layer for one shape.
 * @throws DiagnosticError if the spec, its sizes or its options are wrong
 */
export function compileKernel(request: KernelRequest): Compiled {
  const trace = new Trace();
  const { spec, layer, derived } = compileFront(request, trace);
  const name = request.name ?? defaultName(layer);
  const options = optionsOf(request, name);
  const module = trace.stage('loops',
    () => emitModule(derived, options, (names) => scheduler(names, derived, { ...options, choices: request.choices?.(name) ?? new Choices() })),
    (m) => m.nests.forEach(verifyLoops), (m) => m.nests.map(printNest).join('\n'));
  trace.stage('ts', () => module, () => undefined, (m) => m.text);
  const test = trace.stage('test',
    () => emitTest(derived, options, { source: request.source, ancestors: spec.ancestors, load: request.load }), () => undefined, (t) => t.text);
  const files = [{ path: module.path, text: module.text }, test];
  if (files.some((f) => f.text.length > MAX_OUTPUT)) {
    throw new DiagnosticError([{ code: 'limit-exceeded', message: `the kernel \`${name}\` is larger than ${MAX_OUTPUT} characters`, span: spec.layer.span,
      help: 'split the layer into several' }]);
  }
  return { name, files, derived, stages: trace.stages };
}

/** A kernel that can be emitted many times over, under one schedule after the other. */
export interface OpenKernel {
  readonly name: string;
  /** The module's text, and the names of its functions. */
  emit(choices: Choices): { readonly text: string; readonly functions: readonly string[] };
}

/**
 * Derives one layer for one shape, to be emitted later.
 * @throws DiagnosticError if the spec, its sizes or its options are wrong
 */
export function openKernel(request: KernelRequest): OpenKernel {
  const { layer, derived } = compileFront(request, new Trace());
  const name = request.name ?? defaultName(layer);
  const options = optionsOf(request, name);
  return {
    name,
    emit(choices) {
      const { text, nests } = emitModule(derived, options, (names) => scheduler(names, derived, { ...options, choices }));
      return { text, functions: nests.map((n) => n.name) };
    },
  };
}

const optionsOf = (request: KernelRequest, name: string): EmitOptions =>
  ({ name, staged: request.staged ?? false, accumulate: request.accumulate ?? false, buffers: request.buffers ?? 'caller' });

function scheduler(names: ModuleNames, derived: Derived, options: Pick<ScheduleOptions, 'accumulate' | 'choices'>): Scheduler {
  const pool = new ScratchPool(names.scope);
  return {
    schedule: (program) => schedule(program, { names, pool, accumulate: options.accumulate, choices: options.choices }),
    scratch: () => pool.buffers,
    elemOf: (t) => elemOf(t, derived.layer),
  };
}

/** `layernorm_128x768`: sizes in the order of their first appearance. */
export const defaultName = (layer: Layer): string =>
  [layer.name, layer.givenAxes.map((a) => layer.env.sizes.get(a)).join('x')].filter((part) => part !== '').join('_');

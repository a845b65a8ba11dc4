/** Phases 1 to 6: one kernel, from the text of its spec to the files that are written. */
import type { Derived } from './ir/derived.ts';
import { printNest } from './ir/loop-print.ts';
import { hasLanes, wholeBody } from './ir/loop-walk.ts';
import { verifyLoops } from './ir/loop-verify.ts';
import type { Layer } from './ir/tensor.ts';
import { DiagnosticError } from './diagnostics/diagnostic.ts';
import { compileFront, Trace, type LayerRequest, type StageText } from './pipeline.ts';
import { Choices } from './phases/5-schedule/choices.ts';
import { elemOf, schedule, type ScheduleOptions } from './phases/5-schedule/index.ts';
import { ScratchPool } from './phases/5-schedule/storage.ts';
import { emitModule, emitTest, emitWasmModule, type EmitOptions, type EmittedModule, type EmittedWasm, type MakeScheduler, type Target, type TestSource } from './phases/6-emit/index.ts';
import type { Spec } from './ir/spec.ts';

export interface KernelRequest extends LayerRequest {
  /** Absent: the layer and its sizes, `layernorm_128x768`. */
  readonly name?: string;
  /** Also emit the unsimplified sweep, `backwardStaged`. */
  readonly staged?: boolean;
  /** Gradients are added to, not written. */
  readonly accumulate?: boolean;
  /** Who owns the arrays. */
  readonly buffers?: 'caller' | 'module';
  /** What the loops are written in; both: also a module that picks. Absent: TypeScript. */
  readonly target?: Target | readonly Target[];
  /** Of WebAssembly: products are added in one rounding where the engine has relaxed SIMD; false: the same bits in every engine. Absent: true. */
  readonly relaxed?: boolean;
  /** Which of several right schedules a kernel takes, by its name, `NAME.wasm` in WebAssembly; absent: what the cost model likes best. */
  readonly choices?: (name: string) => Choices;
}

export interface Compiled {
  readonly name: string;
  /** NAME.ts and NAME.test.ts, NAME.wasm.ts and NAME.wasm.test.ts, NAME.any.ts: those of its targets. */
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
  const targets = targetsOf(request);
  const { spec, layer, derived } = compileFront(request, trace);
  const name = request.name ?? defaultName(layer);
  const options = optionsOf(request, name);
  const from: TestSource = { source: request.source, ancestors: spec.ancestors, load: request.load };
  const files: File[] = [];
  for (const target of targets) {
    const made = trace.stage('loops', () => emit(derived, options, target, request.choices?.(choicesName(name, target)) ?? new Choices()),
      (m) => m.nests.forEach(verifyLoops), (m) => m.nests.map(printNest).join('\n'));
    if ('wat' in made) {
      if (!made.fits) tooLarge(`the arrays of the kernel \`${name}\` take more than 4 GiB, which no WebAssembly memory has`, spec, 'leave it to `target: ts`');
      trace.stage('wat', () => made, () => undefined, (m) => m.wat);
    }
    trace.stage('ts', () => made, () => undefined, (m) => m.text);
    const lanes = target === 'wasm' && made.nests.some((n) => hasLanes(wholeBody(n)));
    files.push({ path: made.path, text: made.text },
      trace.stage('test', () => emitTest(derived, { ...options, target, lanes }, from), () => undefined, (t) => t.text));
    if ('any' in made && targets.length > 1) files.push(made.any());
  }
  if (files.some((f) => f.text.length > MAX_OUTPUT)) {
    tooLarge(`the kernel \`${name}\` is larger than ${MAX_OUTPUT} characters`, spec, 'split the layer into several');
  }
  return { name, files, derived, stages: trace.stages };
}

type File = Compiled['files'][number];

function tooLarge(message: string, spec: Spec, help: string): never {
  throw new DiagnosticError([{ code: 'limit-exceeded', message, span: spec.layer.span, help }]);
}

/** The targets of a request, each once, TypeScript first. @throws DiagnosticError where one cannot do what is asked */
function targetsOf(request: KernelRequest): readonly Target[] {
  const asked = new Set([request.target ?? 'ts'].flat());
  if (asked.has('wasm') && request.buffers === 'module') {
    throw new DiagnosticError([{ code: 'target-buffers', message: 'a module in WebAssembly owns no arrays', ...(request.at?.entry ? { span: request.at.entry } : {}),
      help: 'leave out `buffers: module`: `createArena` puts the arrays where WebAssembly works on them in place' }]);
  }
  return (['ts', 'wasm'] as const).filter((t) => asked.has(t));
}

/** What a tuning calls a kernel. */
const choicesName = (name: string, target: Target): string => (target === 'wasm' ? `${name}.wasm` : name);

function emit(derived: Derived, options: EmitOptions, target: Target, choices: Choices): EmittedModule | EmittedWasm {
  const schedule = scheduler(derived, { accumulate: options.accumulate, choices, target });
  return target === 'wasm' ? emitWasmModule(derived, options, schedule) : emitModule(derived, options, schedule);
}

/** A kernel that can be emitted many times over, under one schedule after the other. */
export interface OpenKernel {
  readonly name: string;
  /** The module's text, and the names of its functions. */
  emit(choices: Choices): { readonly text: string; readonly functions: readonly string[] };
}

/**
 * Derives one layer for one shape, to be emitted later, once for each of its targets.
 * @throws DiagnosticError if the spec, its sizes or its options are wrong
 */
export function openKernels(request: KernelRequest): { readonly name: string; readonly kernels: readonly OpenKernel[] } {
  const { layer, derived } = compileFront(request, new Trace());
  const name = request.name ?? defaultName(layer);
  const options = optionsOf(request, name);
  const kernels = targetsOf(request).map((target): OpenKernel => ({
    name: choicesName(name, target),
    emit(choices) {
      const { text, nests } = emit(derived, options, target, choices);
      return { text, functions: nests.map((n) => n.name) };
    },
  }));
  return { name, kernels };
}

const optionsOf = (request: KernelRequest, name: string): EmitOptions =>
  ({ name, staged: request.staged ?? false, accumulate: request.accumulate ?? false, buffers: request.buffers ?? 'caller', relaxed: request.relaxed ?? true });

const scheduler = (derived: Derived, options: Pick<ScheduleOptions, 'accumulate' | 'choices'> & { readonly target: Target }): MakeScheduler => (names) => {
  const pool = new ScratchPool(names.scope);
  return {
    schedule: (program) => schedule(program, { names, pool, ...options }),
    scratch: () => pool.buffers,
    elemOf: (t) => elemOf(t, derived.layer),
  };
};

/** `layernorm_128x768`: sizes in the order of their first appearance. */
export const defaultName = (layer: Layer): string =>
  [layer.name, layer.givenAxes.map((a) => layer.env.sizes.get(a)).join('x')].filter((part) => part !== '').join('_');

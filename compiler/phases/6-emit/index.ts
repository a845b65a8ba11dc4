/** Phase 6: what was derived and scheduled -> files. A kernel is a module for each target and the tests that prove them. */
import type { Derived } from '../../ir/derived.ts';
import type { Buffer, LoopNest } from '../../ir/loop.ts';
import { moduleNames, type ModuleNames } from '../../ir/names.ts';
import type { Program, Tensor } from '../../ir/tensor.ts';
import { fieldsOf, functionsOf, type Field, type FunctionShape } from './ts/interface.ts';
import { memoryOf } from './ts/memory.ts';
import { moduleText, ownedNames } from './ts/module.ts';
import { anyModuleText } from './ts/wasm/any.ts';
import { homePlan, MOST_PAGES, sharesScratch } from './ts/wasm/home.ts';
import { wasmModuleText } from './ts/wasm/module.ts';
import { ownNames, type WasmShape } from './ts/wasm/shape.ts';
import { assemble } from './wasm/assemble.ts';

export { emitTest, type TestSource } from './test/index.ts';

export type Target = 'ts' | 'wasm';

export interface EmitOptions {
  /** The module's name: NAME.ts, NAME.wasm.ts. */
  readonly name: string;
  readonly staged: boolean;
  readonly accumulate: boolean;
  readonly buffers: 'caller' | 'module';
  /** Of WebAssembly: products may be added in one rounding where the engine does so. */
  readonly relaxed: boolean;
}

/** What phase 5 is to phase 6: programs to loops, with the scratch that all of them share. */
export interface Scheduler {
  schedule(program: Program, names: ModuleNames): LoopNest;
  /** All scratch arrays that were asked for so far. */
  scratch(): readonly Buffer[];
  elemOf(t: Tensor): Buffer['elem'];
}

export type MakeScheduler = (names: ModuleNames) => Scheduler;

export interface EmittedModule {
  readonly path: string;
  readonly text: string;
  readonly nests: readonly LoopNest[];
}

export interface EmittedWasm extends EmittedModule {
  /** The WebAssembly in it, to be read. */
  readonly wat: string;
  /** Whether an address reaches all of its arrays at once. */
  readonly fits: boolean;
  /** NAME.any.ts, which picks between this module and the one in TypeScript. */
  any(): { readonly path: string; readonly text: string };
}

interface Scheduled {
  readonly names: ModuleNames;
  readonly functions: readonly FunctionShape[];
  readonly fields: readonly Field[];
  readonly nests: readonly LoopNest[];
  readonly scratch: readonly Buffer[];
}

function scheduled(derived: Derived, options: EmitOptions, scheduler: MakeScheduler): Scheduled {
  const names = moduleNames(derived.layer);
  const functions = functionsOf(derived, options.staged);
  // Arrays take their names first, so that those of the spec stay as they are.
  for (const f of functions) for (const a of f.arguments) if (a.kind === 'tensor') names.array(a.tensor.name);
  const phase5 = scheduler(names);
  const fields = fieldsOf(derived, (t) => phase5.elemOf(t));
  for (const f of fields) if (!f.held) names.field(f.name);
  const nests = functions.map((f) => ({ ...phase5.schedule(f.program, names), name: f.name }));
  return { names, functions, fields, nests, scratch: phase5.scratch() };
}

/** The module of a layer, in TypeScript. */
export function emitModule(derived: Derived, options: EmitOptions, scheduler: MakeScheduler): EmittedModule {
  const s = scheduled(derived, options, scheduler);
  const printer = { constants: new Map([...s.names.constants].map(([name, c]) => [name, c.value])) };
  const memory = memoryOf(s.scratch, options.buffers === 'module' ? ownedNames(s) : [], s.names);
  const text = moduleText({ ...s, derived, printer, memory, accumulate: options.accumulate, buffers: options.buffers });
  return { path: `${options.name}.ts`, text, nests: s.nests };
}

/** The module of a layer, in WebAssembly. */
export function emitWasmModule(derived: Derived, options: EmitOptions, scheduler: MakeScheduler): EmittedWasm {
  const s = scheduled(derived, options, scheduler);
  const code = assemble(s.nests, s.scratch, { relaxed: options.relaxed });
  const printer = { constants: new Map([...s.names.constants].map(([name, c]) => [name, c.value])) };
  const shape = {
    ...s, derived, printer, memory: new Map<string, string>(), accumulate: options.accumulate, buffers: 'caller', code, own: ownNames(s.names),
    scratchIn: { bytes: code.scratchBytes, isShared: sharesScratch(s.scratch) },
  } as const;
  const whole: WasmShape = { ...shape, home: homePlan(shape, code.scratchBytes) };
  return {
    path: `${options.name}.wasm.ts`, text: wasmModuleText(whole), nests: s.nests, wat: code.wat, fits: whole.home.pages <= MOST_PAGES,
    any: () => ({ path: `${options.name}.any.ts`, text: anyModuleText(whole, options.name) }),
  };
}

/** Phase 6: what was derived and scheduled -> files. A kernel is a module and the test that proves it. */
import type { Derived } from '../../ir/derived.ts';
import type { Buffer, LoopNest } from '../../ir/loop.ts';
import { moduleNames, type ModuleNames } from '../../ir/names.ts';
import type { Program, Tensor } from '../../ir/tensor.ts';
import { fieldsOf, functionsOf } from './ts/interface.ts';
import { memoryOf } from './ts/memory.ts';
import { moduleText, ownedNames } from './ts/module.ts';

export { emitTest, type TestSource } from './test/index.ts';

export interface EmitOptions {
  /** The module's name: NAME.ts. */
  readonly name: string;
  readonly staged: boolean;
  readonly accumulate: boolean;
  readonly buffers: 'caller' | 'module';
}

/** What phase 5 is to phase 6: programs to loops, with the scratch that all of them share. */
export interface Scheduler {
  schedule(program: Program, names: ModuleNames): LoopNest;
  /** All scratch arrays that were asked for so far. */
  scratch(): readonly Buffer[];
  elemOf(t: Tensor): Buffer['elem'];
}

export interface EmittedModule {
  readonly path: string;
  readonly text: string;
  readonly nests: readonly LoopNest[];
}

/** The module of a layer. */
export function emitModule(derived: Derived, options: EmitOptions, scheduler: (names: ModuleNames) => Scheduler): EmittedModule {
  const names = moduleNames(derived.layer);
  const functions = functionsOf(derived, options.staged);
  // Arrays take their names first, so that those of the spec stay as they are.
  for (const f of functions) for (const a of f.arguments) if (a.kind === 'tensor') names.array(a.tensor.name);
  const phase5 = scheduler(names);
  const fields = fieldsOf(derived, (t) => phase5.elemOf(t));
  for (const f of fields) if (!f.held) names.field(f.name);
  const nests = functions.map((f) => ({ ...phase5.schedule(f.program, names), name: f.name }));
  const printer = { constants: new Map([...names.constants].map(([name, c]) => [name, c.value])) };
  const scratch = phase5.scratch();
  const memory = memoryOf(scratch, options.buffers === 'module' ? ownedNames({ names, fields, functions }) : [], names);
  const text = moduleText({
    derived, names, printer, fields, functions, nests, scratch, memory, accumulate: options.accumulate, buffers: options.buffers,
  });
  return { path: `${options.name}.ts`, text, nests };
}

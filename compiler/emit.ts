/** Phases 5 and 6: a layer with its derived backward -> the files of one kernel. */
import type { Derived } from './ir/derived.ts';
import type { LoopNest } from './ir/loop.ts';
import { verifyLoops } from './ir/loop-verify.ts';
import { elemOf, schedule } from './phases/5-schedule/index.ts';
import { ScratchPool } from './phases/5-schedule/storage.ts';
import { emitModule, emitTest, type EmitOptions, type TestSource } from './phases/6-emit/index.ts';

export interface EmittedKernel {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The loops of every function, for `--emit=loops`. */
  readonly nests: readonly LoopNest[];
}

export interface KernelOptions extends EmitOptions {
  /** The texts that the generated test compiles its oracle from; without them there is no test. */
  readonly source?: TestSource;
}

/**
 * NAME.ts and, where the spec's text is given, NAME.test.ts. Deterministic to the byte.
 * @throws InternalError where a promise between phases was broken; what a user can get wrong was caught before
 */
export function emitKernel(derived: Derived, options: KernelOptions): EmittedKernel {
  const module = emitModule(derived, options, (names) => {
    const pool = new ScratchPool(names.scope);
    return {
      schedule: (program) => {
        const nest = schedule(program, { names, pool, accumulate: options.accumulate });
        verifyLoops(nest);
        return nest;
      },
      scratch: () => pool.buffers,
      elemOf: (t) => elemOf(t, { env: derived.layer.env }),
    };
  });
  const files = [{ path: module.path, text: module.text }];
  if (options.source) files.push(emitTest(derived, options, options.source));
  return { files, nests: module.nests };
}

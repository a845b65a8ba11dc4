/**
 * What a watch remembers from one build to the next: a kernel whose entry and specs have not changed is not compiled again.
 * The last build's kernels are kept and no others, in memory alone, so that nothing is ever older than the compiler.
 */
import type { Compiled, KernelRequest } from '../compiler/index.ts';
import type { Source } from '../compiler/support/source.ts';

interface Remembered {
  readonly compiled: Compiled;
  /** The other specs that were asked for on the way, and what they were. */
  readonly loaded: ReadonlyMap<string, string | undefined>;
}

export class Memory {
  #last = new Map<string, Remembered>();
  #next = new Map<string, Remembered>();

  #tuning: string | undefined;

  /** Begins a build. Under another tuning every schedule may be another. */
  begin(tuning: string | undefined): void {
    this.#last = tuning === this.#tuning ? new Map([...this.#last, ...this.#next]) : new Map();
    this.#next = new Map();
    this.#tuning = tuning;
  }

  /** Ends a build that went well: what it did not use is forgotten. */
  end(): void {
    this.#last = new Map();
  }

  /** What `compile` makes of a request, or made of an equal one. */
  compile(request: KernelRequest, compile: (request: KernelRequest) => Compiled): Compiled {
    const key = keyOf(request);
    const old = this.#last.get(key) ?? this.#next.get(key);
    if (old && [...old.loaded].every(([layer, text]) => request.load(layer)?.text === text)) {
      this.#next.set(key, old);
      return old.compiled;
    }
    const loaded = new Map<string, string | undefined>();
    const load = (layer: string): Source | undefined => {
      const source = request.load(layer);
      loaded.set(layer, source?.text);
      return source;
    };
    const compiled = compile({ ...request, load });
    this.#next.set(key, { compiled, loaded });
    return compiled;
  }
}

/** All that a kernel is made of but the specs it extends and the tuning: what in a request is not a function or a place. */
function keyOf({ load: _, at: __, choices: ___, source, ...rest }: KernelRequest): string {
  return JSON.stringify([source.path, source.text, rest], (_key, value: unknown) => (value instanceof Map ? [...value as Map<string, unknown>] : value));
}

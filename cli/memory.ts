/**
 * What a watch remembers from one build to the next: a kernel whose entry and specs have not changed is not compiled again.
 * The last build's kernels are kept and no others, in memory alone, so that nothing is ever older than the compiler.
 */
import type { Compiled } from '../compiler/index.ts';
import { keyOf, noting, type EntryRequest, type Loaded } from './sources.ts';

interface Remembered {
  readonly compiled: Compiled;
  readonly loaded: Loaded;
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
  compile(request: EntryRequest, compile: (request: EntryRequest) => Compiled): Compiled {
    const key = keyOf(request);
    const old = this.#last.get(key) ?? this.#next.get(key);
    if (old && [...old.loaded].every(([layer, was]) => request.load(layer)?.text === was?.text)) {
      this.#next.set(key, old);
      return old.compiled;
    }
    const noted = noting(request);
    const compiled = compile(noted.request);
    this.#next.set(key, { compiled, loaded: noted.loaded });
    return compiled;
  }
}

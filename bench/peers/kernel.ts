/** What the benchmark of the peers knows of a generated module. */

export interface KernelSpec {
  readonly layer: string;
  readonly target: 'ts' | 'wasm';
  readonly dtype: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number>>;
  readonly tensors: Readonly<Record<string, { readonly role: string; readonly shape: readonly number[]; readonly dtype: string; readonly init?: number }>>;
  readonly random?: Readonly<Record<string, unknown>>;
  readonly arguments: Readonly<Record<string, readonly string[]>>;
}

export interface Kernel {
  readonly spec: KernelSpec;
  readonly createCache: () => object;
  /** The functions again, over arrays given once; not every build has it. */
  readonly bind?: (buffers: object) => Readonly<Record<string, (...scalars: readonly unknown[]) => void>>;
  readonly [name: string]: unknown;
}

/** The names of the functions that train, of a layer with or without modes. */
export function modeNames({ arguments: functions }: KernelSpec): { readonly forward: string; readonly backward: string } {
  const named = (stem: string): string => (`${stem}Train` in functions ? `${stem}Train` : stem);
  return { forward: named('forward'), backward: named('backward') };
}

/**
 * The proofs of a generated kernel, whatever it computes: what the generated tests run. Each proof is a function that
 * throws. The oracle is compiled from the text of the spec: it reads no line of the kernel.
 */
import { compileFront, Trace } from '../pipeline.ts';
import type { Derived } from '../ir/derived.ts';
import type { KernelModule } from './kernel.ts';
import { proofsOfMode, type Proof } from './proofs.ts';

export type { KernelModule } from './kernel.ts';
export type { Proof } from './proofs.ts';

export interface Subject {
  readonly name: string;
  /** The file of the spec, without folders. */
  readonly file: string;
  readonly dtype: 'f32' | 'f64';
  /** Gradients are added to. */
  readonly accumulate: boolean;
  /** How far from the oracle results may be, of the scale of what was added up; absent: what doubles reach. */
  readonly tolerance?: number;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options: Readonly<Record<string, number | string>>;
  /** The lines of the spec, and of those it extends by the name of their layer. */
  readonly spec: readonly string[];
  readonly ancestors: Readonly<Record<string, readonly string[]>>;
}

/**
 * The proofs of a kernel: outputs, state and gradients against the oracle in doubles; the oracle's gradients against
 * central differences; the unsimplified sweep, where the kernel has it; wrong lengths; writes outside arrays; what a
 * second call sees of the first.
 *
 * @param kernel a generated module
 * @param subject what it was generated from
 */
export function proofsOf(kernel: KernelModule, subject: Subject): readonly Proof[] {
  let derived: Derived | undefined;
  const compiled = (): Derived => (derived ??= derive(subject));
  const modes = new Set(Object.keys(kernel.spec.arguments).map((f) => /^forward(Train|Test)?$/.exec(f)).filter((x) => x !== null).map((x) => x[1] ?? ''));
  return [...modes].flatMap((suffix) => proofsOfMode({ kernel, subject, suffix, derived: compiled }));
}

function derive(subject: Subject): Derived {
  const load = (layer: string): { path: string; text: string } | undefined => {
    const lines = Object.hasOwn(subject.ancestors, layer) ? subject.ancestors[layer] : undefined;
    return lines && { path: `specs/${layer}.layer.yaml`, text: lines.join('\n') };
  };
  const source = { path: `specs/${subject.file}`, text: subject.spec.join('\n') };
  const { sizes, options, dtype } = subject;
  return compileFront({ source, load, sizes, options, dtype }, new Trace()).derived;
}

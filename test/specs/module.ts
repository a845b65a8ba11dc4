/** Compiles a spec to a module, imports it from memory, and finds what its generated test would find. */
import ts from 'typescript';
import { compileKernel, type KernelRequest } from '../../compiler/index.ts';
import type { Derived, DerivedMode } from '../../compiler/ir/derived.ts';
import { interpret } from '../../compiler/ir/interpret.ts';
import { proofsOf, type KernelModule } from '../../compiler/testing/index.ts';
import { Session } from '../../compiler/testing/kernel.ts';
import { drawInputs } from './draw.ts';

type Options = Pick<KernelRequest, 'source' | 'load' | 'dtype' | 'accumulate' | 'buffers' | 'staged' | 'choices'> & {
  readonly target?: 'ts' | 'wasm';
  readonly sizes: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
};

/** Everything that is wrong with the kernel of a spec. */
export async function kernelProblems(request: Options): Promise<string[]> {
  const { files, derived } = compileKernel({ name: 'kernel', ...request });
  const { outputText } = ts.transpileModule(files[0]!.text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
  const kernel = await import(`data:text/javascript,${encodeURIComponent(outputText)}`) as KernelModule;
  const ancestors: Record<string, string[]> = {};
  for (let parent = parentOf(request.source.text); parent !== undefined;) {
    const { text } = request.load(parent)!;
    ancestors[parent] = text.split('\n');
    parent = parentOf(text);
  }
  const proofs = proofsOf(kernel, {
    name: derived.layer.name, file: derived.layer.file, dtype: derived.layer.dtype, accumulate: request.accumulate ?? false,
    ...(request.target === 'wasm' && derived.layer.dtype === 'f32' ? { tolerance: 2e-6 } : {}),
    sizes: request.sizes, options: request.options ?? {}, spec: request.source.text.split('\n'), ancestors,
  });
  const proved = proofs.flatMap(({ name, prove }) => {
    try {
      prove();
      return [];
    } catch (e) {
      return [`${name}: ${e instanceof Error ? e.message : String(e)}`];
    }
  });
  return [...proved, ...(request.accumulate ? [] : derived.modes.flatMap((m) => tiedProblems(kernel, derived, m)))];
}

/** The kernel against the oracle where inputs are 0, 1 and 2: windows of equal elements, conditions on their edge. */
function tiedProblems(kernel: KernelModule, derived: Derived, m: DerivedMode): string[] {
  const suffix = m.mode === undefined ? '' : m.mode === 'train' ? 'Train' : 'Test';
  const draw = { seed: 5, step: 2 };
  const inputs = drawInputs(m.oracle, 7, 'tied');
  for (const t of derived.layer.random) inputs.delete(t.name);
  const oracle = interpret(m.oracle, inputs, draw);
  const session = Object.assign(new Session(kernel), draw);
  for (const [name, values] of inputs) session.array(name).set(values);
  session.call(`forward${suffix}`);
  session.call(`backward${suffix}`);
  const tolerance = derived.layer.dtype === 'f32' ? 1e-4 : 1e-10;
  return m.oracle.stores.flatMap(({ tensor: { name } }) => {
    const want = oracle.get(name)!;
    const got = session.array(name);
    const scale = want.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1e-3);
    const at = want.findIndex((v, n) => Number.isFinite(v) && !(Math.abs(got[n]! - v) <= tolerance * scale));
    return at < 0 ? [] : [`tied: ${name}[${at}] is ${got[at]}, the oracle has ${want[at]}`];
  });
}

const parentOf = (text: string): string | undefined => /^extends: (\w+)/m.exec(text)?.[1];

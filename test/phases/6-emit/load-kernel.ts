/** Compiles a spec that a test writes down, and imports the module it becomes, as it is or changed on the way. */
import ts from 'typescript';
import { compileKernel } from '../../../compiler/compile.ts';
import { load as shipped } from '../../specs/load.ts';
import { proofsOf, type KernelModule } from '../../../compiler/testing/index.ts';

export interface Subject {
  /** A spec, or the name of one that ships. */
  readonly spec: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly dtype?: 'f32' | 'f64';
  readonly staged?: boolean;
  readonly accumulate?: boolean;
  readonly buffers?: 'caller' | 'module';
  readonly target?: 'ts' | 'wasm';
}

/** The text of the module and of its test. */
export function textsOf(s: Subject): { module: string; test: string; layer: string } {
  const source = sourceOf(s);
  const { files, derived } = compileKernel({ ...s, source, load: shipped, name: 'kernel' });
  return { module: files[0]!.text, test: files[1]!.text, layer: derived.layer.name };
}

function sourceOf(s: Subject): { path: string; text: string } {
  if (!s.spec.includes('\n')) return shipped(s.spec)!;
  return { path: `specs/${/^layer: (\w+)/m.exec(s.spec)![1]}.layer.yaml`, text: s.spec };
}

export type Kernel = KernelModule & Record<string, (...args: unknown[]) => unknown>;

/** Imports a module from its text. */
export async function importText(text: string): Promise<Kernel> {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
  return await import(`data:text/javascript,${encodeURIComponent(outputText)}`) as Kernel;
}

/** What the proofs of a kernel find, one line a proof that fails. */
export async function findings(s: Subject, change: (text: string) => string = (t) => t): Promise<string[]> {
  const kernel = await importText(change(textsOf(s).module));
  const source = sourceOf(s);
  const { derived } = compileKernel({ ...s, source, load: shipped, name: 'kernel' });
  const parent = /^extends: (\w+)/m.exec(source.text)?.[1];
  const proofs = proofsOf(kernel, {
    name: 'kernel', file: derived.layer.file, dtype: s.dtype ?? 'f32', accumulate: s.accumulate ?? false, sizes: s.sizes, options: s.options ?? {},
    spec: source.text.split('\n'), ancestors: parent === undefined ? {} : { [parent]: shipped(parent)!.text.split('\n') },
  });
  return proofs.flatMap(({ name, prove }) => {
    try {
      prove();
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  });
}

/** Compiles a spec to a module, imports it from memory, and finds what its generated test would find. */
import ts from 'typescript';
import { compileKernel, type KernelRequest } from '../../compiler/index.ts';
import { proofsOf, type KernelModule } from '../../compiler/testing/index.ts';

type Options = Pick<KernelRequest, 'source' | 'load' | 'dtype' | 'accumulate' | 'buffers' | 'staged'> & {
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
    sizes: request.sizes, options: request.options ?? {}, spec: request.source.text.split('\n'), ancestors,
  });
  return proofs.flatMap(({ name, prove }) => {
    try {
      prove();
      return [];
    } catch (e) {
      return [`${name}: ${e instanceof Error ? e.message : String(e)}`];
    }
  });
}

const parentOf = (text: string): string | undefined => /^extends: (\w+)/m.exec(text)?.[1];

/** Compiles a layer for one shape and imports what comes out, in memory: the path that a build takes, without the disk. */
import ts from 'typescript';
import { compileKernel } from '../../compiler/index.ts';
import { sourceOf, type Module, type Request } from './specs.ts';

const made = new Map<string, Promise<Module>>();

/** The text of a module as a data: URL, types removed. */
const urlOf = (text: string): string => {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return `data:text/javascript,${encodeURIComponent(outputText)}`;
};

async function make(request: Request): Promise<Module> {
  const { files } = compileKernel({ name: 'kernel', load: sourceOf, source: sourceOf(request.layer), ...request });
  return await import(urlOf(files[0]!.text)) as Module;
}

/** The generated module; compiled once for each request. */
export function kernelOf(request: Request): Promise<Module> {
  const key = JSON.stringify(request);
  const known = made.get(key) ?? make(request);
  made.set(key, known);
  return known;
}

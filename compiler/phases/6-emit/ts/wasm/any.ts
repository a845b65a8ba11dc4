/** The module that picks: WebAssembly where it may run, TypeScript where it may not, behind the one interface of both. */
import type { CodeBlockWriter } from 'ts-morph';
import { docLines, identifier, takes, typeOf, writeParameters } from '../functions.ts';
import { header, sourceText, type Statement } from '../sections.ts';
import type { WasmShape } from './shape.ts';

/** The text of a module that imports the two others of its name. */
export function anyModuleText(m: WasmShape, name: string): string {
  const [plain, wasm] = [m.names.scope.fresh('plain'), m.names.scope.fresh('wasm')];
  return sourceText([
    header(m),
    (w) => {
      w.writeLine(`import * as ${plain} from './${name}.js';`);
      w.writeLine(`import * as ${wasm} from './${name}.wasm.js';`);
      w.writeLine(`import type { Bound, Buffers, Cache } from './${name}.wasm.js';`);
    },
    (w) => {
      w.newLine().writeLine('// WebAssembly runs where it may, TypeScript elsewhere; `canRun` tells which. What `spec` says of scratch is for WebAssembly.');
      w.writeLine(`export { canRun, createCache, spec } from './${name}.wasm.js';`);
      w.writeLine(`export type { Bound, Buffers, Cache } from './${name}.wasm.js';`);
    },
    (w) => writeAttach(w, wasm),
    ...m.functions.map((f): Statement => (w) => {
      w.newLine().writeLine('/**');
      for (const line of docLines(f, m)) w.writeLine(line === '' ? ' *' : ` * ${line}`);
      w.writeLine(' */');
      w.write(`export function ${f.name}(`);
      writeParameters(w, takes(f, m).map((a) => `${identifier(a, m)}: ${typeOf(a)}`));
      w.write('): void ').inlineBlock(() => {
        const args = f.arguments.map((a) => identifier(a, m)).join(', ');
        w.writeLine(`if (${wasm}.canRun()) ${wasm}.${f.name}(${args});`);
        w.writeLine(`else ${plain}.${f.name}(${args});`);
      }).newLine();
    }),
    (w) => {
      w.newLine().writeLine('/** Binds arrays once: the functions it returns take only what changes from call to call. */');
      w.write('export function bind(buffers: Buffers): Bound ').inlineBlock(() => {
        w.writeLine(`return ${wasm}.canRun() ? ${wasm}.bind(buffers) : ${plain}.bind(buffers);`);
      }).newLine();
    },
  ], m);
}

function writeAttach(w: CodeBlockWriter, wasm: string): void {
  w.newLine().writeLine('/** Has WebAssembly, where it may run, work in place on arrays of a memory, with scratch at an address in it. */');
  w.write('export function attach(memory: { readonly buffer: ArrayBufferLike }, scratch: number): void ').inlineBlock(() => {
    w.write('try ').inlineBlock(() => w.writeLine(`${wasm}.attach(memory, scratch);`));
    w.write(' catch (error) ').inlineBlock(() => w.writeLine(`if (${wasm}.canRun()) throw error;`)).newLine();
  }).newLine();
}

/** The private half of a WebAssembly module: its bytes, how they become functions, its own memory, what they import. */
import type { CodeBlockWriter } from 'ts-morph';
import { ARRAYS } from '../interface.ts';
import type { Statement } from '../sections.ts';
import { quoted, wrapped } from '../text.ts';
import { GET, MADD, MUL } from '../../wasm/fuse.ts';
import { homeTypes } from './functions.ts';
import { drawWords, type WasmShape } from './shape.ts';

/** Types and variables, before the functions. */
export function hostTypes(m: WasmShape): Statement[] {
  const { own } = m;
  const words = ['seedLow', 'seedHigh', 'stepLow', 'stepHigh'];
  return [
    (w) => {
      w.newLine().writeLine('/** The kernels: WebAssembly, in base64. */');
      w.writeLine(`const ${own.code} = '${base64(m.code.bytes)}';`);
      if (m.code.fusible.length > 0) writeSteps(w, m);
      w.newLine().writeLine('/** What is used of WebAssembly, for compilers that were not told of it. */');
      w.write('declare const WebAssembly: ').inlineBlock(() => {
        w.writeLine('readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => Memory;');
        w.writeLine('readonly Module: new (bytes: Uint8Array) => object;');
        if (m.code.fusible.length > 0) w.writeLine('readonly validate: (bytes: Uint8Array) => boolean;');
        w.writeLine('readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };');
      }).write(';').newLine();
    },
    (w) => writeInterface(w, 'Memory', [['buffer', 'ArrayBufferLike']]),
    (w) => writeInterface(w, 'Kernels', m.code.functions.map((f) => {
      const taken = [...f.buffers, ...drawWords(f).map((_, n) => words[n]!)].map((p) => `${p}: number`);
      return [f.name, `(${taken.join(', ')}) => void`];
    }), 'The kernels over one memory. Arrays are addresses.'),
    (w) => writeInterface(w, 'Home', [[own.kernels, 'Kernels'], ...homeTypes(m)],
      "The kernels over the module's own memory, and views of the arrays there."),
    (w) => {
      w.newLine().writeLine(`let ${own.compiled}: object | undefined;`);
      w.writeLine(`let ${own.home}: Home | undefined;`);
      w.writeLine(`let ${own.shared}: Kernels | undefined;`);
      w.writeLine(`let ${own.sharedBuffer}: ArrayBufferLike | undefined;`);
      w.writeLine(`let ${own.able}: boolean | undefined;`);
      w.newLine().writeLine('/** The arrays of the shared memory that functions were given last, and their addresses. */');
      w.writeLine(`const ${own.seen}: unknown[] = [], ${own.addresses}: number[] = [];`);
    },
  ];
}

function writeSteps(w: CodeBlockWriter, { own, code }: WasmShape): void {
  w.newLine().writeLine('/** Where a product is added to a sum, each counted from the one before. */');
  w.write(`const ${own.products} = [`).newLine();
  w.indent(() => { for (const line of wrapped(`${code.fusible.join(', ')},`, 100)) w.writeLine(line); }).writeLine('];');
}

type Property = readonly [name: string, type: string];

function writeInterface(w: CodeBlockWriter, name: string, properties: readonly Property[], doc?: string): void {
  w.newLine();
  if (doc !== undefined) w.writeLine(`/** ${doc} */`);
  w.write(`interface ${name} `).block(() => { for (const [key, type] of properties) w.writeLine(`readonly ${key}: ${type};`); });
}

/** `attach`, `canRun`, and what they and the kernels call. */
export function hostFunctions(m: WasmShape): Statement[] {
  return [
    (w) => writeAttach(w, m), (w) => writeLiesHere(w, m), (w) => writeCanRun(w, m),
    (w) => writeInstantiate(w, m), (w) => writeHome(w, m), (w) => writeDecoder(w, m),
    ...(m.code.fusible.length > 0 ? [(w: CodeBlockWriter) => writeFused(w, m)] : []),
    ...(m.code.sites.length > 0 ? [(w: CodeBlockWriter) => writeFail(w, m)] : []),
  ];
}

function writeAttach(w: CodeBlockWriter, { own, code }: WasmShape): void {
  const bytes = code.scratchBytes;
  w.newLine().writeLine('/**').writeLine(' * Has the kernels work in place on arrays of a memory. The module is attached to one memory at a time, the last;');
  w.writeLine(' * what was bound before stays where it is.').writeLine(' *');
  w.writeLine(' * @param memory a WebAssembly.Memory, which must not grow any more');
  w.writeLine(` * @param scratch where in it ${bytes} bytes are the kernels', all 0; divisible by 16`).writeLine(' */');
  w.write('export function attach(memory: Memory, scratch: number): void ').block(() => {
    w.writeLine(`${own.shared} = ${own.instantiate}(memory, scratch);`);
    w.writeLine(`${own.sharedBuffer} = memory.buffer;`);
    w.writeLine(`${own.seen}.length = 0;`);
  });
}

function writeLiesHere(w: CodeBlockWriter, { own }: WasmShape): void {
  w.newLine().writeLine('/** Whether an array lies in the shared memory; one that does is remembered. */');
  w.write(`function ${own.liesHere}(array: { readonly buffer: ArrayBufferLike; readonly byteOffset: number }, n: number): boolean `).block(() => {
    w.writeLine(`if (array.buffer !== ${own.sharedBuffer}) return false;`);
    w.writeLine(`${own.seen}[n] = array;`);
    w.writeLine(`${own.addresses}[n] = array.byteOffset;`);
    w.writeLine('return true;');
  });
}

function writeCanRun(w: CodeBlockWriter, { own }: WasmShape): void {
  w.newLine().writeLine('/** Whether WebAssembly with lanes may run here and has memory. Tried once. */');
  w.write('export function canRun(): boolean ').block(() => {
    w.write(`if (${own.able} === undefined) `).inlineBlock(() => {
      w.write('try ').inlineBlock(() => {
        w.writeLine(`${own.able} = Boolean(${own.shared} ?? (${own.home} ??= ${own.makeHome}()));`);
      }).write(' catch ').inlineBlock(() => w.writeLine(`${own.able} = false;`)).newLine();
    }).newLine();
    w.writeLine(`return ${own.able};`);
  });
}

function writeInstantiate(w: CodeBlockWriter, { own, code }: WasmShape): void {
  const math = code.math.map((name) => `${name}: Math.${name}`);
  const imports = ['memory', 'scratch', ...(code.sites.length > 0 ? [own.fail === 'fail' ? 'fail' : `fail: ${own.fail}`] : []), ...math];
  w.newLine().writeLine('/** The kernels over a memory. */');
  w.write(`function ${own.instantiate}(memory: Memory, scratch: number): Kernels `).block(() => {
    const bytes = `${own.bytesOf}(${own.code})`;
    w.writeLine(`${own.compiled} ??= new WebAssembly.Module(${code.fusible.length > 0 ? `${own.fusedOr}(${bytes})` : bytes});`);
    w.writeLine(`return new WebAssembly.Instance(${own.compiled}, { k: { ${imports.join(', ')} } }).exports as Kernels;`);
  });
}

function writeHome(w: CodeBlockWriter, { own, home }: WasmShape): void {
  w.newLine().writeLine('/** A memory for all arrays that lie elsewhere; it never grows. */');
  w.write(`function ${own.makeHome}(): Home `).block(() => {
    w.writeLine(`const memory = new WebAssembly.Memory({ initial: ${home.pages}, maximum: ${home.pages} });`);
    w.write('return ').inlineBlock(() => {
      w.writeLine(`${own.kernels}: ${own.instantiate}(memory, 0),`);
      for (const a of home.arrays) w.writeLine(`${a.name}: new ${ARRAYS[a.elem]}(memory.buffer, ${a.address}, ${a.length}),`);
    }).write(';').newLine();
  });
}

/** What the platform has is ten times as fast as a loop that runs once. Written out, too: a worklet has neither this nor `atob`. */
function writeDecoder(w: CodeBlockWriter, { own }: WasmShape): void {
  w.newLine().writeLine('/** The bytes that a text in base64 stands for. */');
  w.write(`function ${own.bytesOf}(text: string): Uint8Array `).block(() => {
    w.writeLine('const { Buffer } = globalThis as { readonly Buffer?: { from(text: string, encoding: string): Uint8Array } };');
    w.writeLine('const { fromBase64 } = Uint8Array as { readonly fromBase64?: (text: string) => Uint8Array };');
    w.writeLine('if (fromBase64) return fromBase64(text);');
    w.writeLine("if (Buffer) return Buffer.from(text, 'base64');");
    w.writeLine('const bytes = new Uint8Array(text.length * 3 / 4);');
    w.writeLine('let bits = 0;');
    w.write('for (let i = 0, n = 0; i < text.length; i++) ').inlineBlock(() => {
      w.writeLine('const c = text.charCodeAt(i);');
      w.writeLine('bits = bits << 6 | (c > 96 ? c - 71 : c > 64 ? c - 65 : c > 47 ? c + 4 : c > 43 ? 63 : 62);');
      w.writeLine('if (i % 4 > 0) bytes[n++] = bits >> 6 - i % 4 * 2;');
    }).newLine();
    w.writeLine('return bytes;');
  });
}

/** What `fused` of wasm/fuse.ts does. */
function writeFused(w: CodeBlockWriter, { own }: WasmShape): void {
  w.newLine().writeLine('/** The bytes with every product added in one instruction, f32x4.relaxed_madd, where the engine has it; else as they are. */');
  w.write(`function ${own.fusedOr}(bytes: Uint8Array): Uint8Array `).block(() => {
    w.writeLine('const fused = new Uint8Array(bytes);');
    w.writeLine('let at = 0;');
    w.write(`for (const step of ${own.products}) `).inlineBlock(() => {
      w.writeLine(`fused.copyWithin(at += step, at + ${MUL}, at + ${MUL + GET});`);
      w.writeLine(`fused.set([${MADD.join(', ')}], at + ${GET});`);
    }).newLine();
    w.writeLine('return WebAssembly.validate(fused) ? fused : bytes;');
  });
}

function writeFail(w: CodeBlockWriter, { own, code }: WasmShape): void {
  w.newLine().writeLine('/** The elements that are checked: tensor, what it indexes, factor, size, how many indices it has. */');
  w.write(`const ${own.sites}: readonly (readonly [string, string, number, number, number])[] = [`);
  w.newLine().indent(() => { for (const s of code.sites) w.writeLine(`[${quoted(s.tensor)}, ${quoted(s.of)}, ${s.factor}, ${s.size}, ${s.rank}],`); }).writeLine('];');
  w.newLine().writeLine('/** Called by the kernels for an element out of range. */');
  w.write(`function ${own.fail}(site: number, slot: number, value: number, ...at: number[]): never `).block(() => {
    w.writeLine(`const [tensor, of, factor, size, rank] = ${own.sites}[site]!;`);
    w.writeLine('return badIndex(tensor, at.slice(0, rank), value, slot, factor, size, of);');
  });
}

/** Without padding: the length of the text tells the number of bytes. */
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

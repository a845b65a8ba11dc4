/** Writes a module as WebAssembly's binary format. */
import { invariant } from '../../../support/invariant.ts';
import type { Code, Func, Op } from './code.ts';
import { addsProduct, PRODUCT } from './fuse.ts';
import { INSTRUCTIONS, leb, type ValType } from './instructions.ts';

export interface Import {
  readonly name: string;
  readonly kind: 'function' | 'memory' | 'global';
  /** Of a function. */
  readonly takes?: readonly ValType[];
  readonly gives?: ValType;
}

export interface Module {
  readonly imports: readonly Import[];
  readonly functions: readonly Func[];
}

/** Where all imports come from. */
export const HOST = 'k';

const TYPES: Readonly<Record<ValType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const VOID = 0x40;

export interface Encoded {
  readonly bytes: Uint8Array;
  /** Where products are added to locals (fuse.ts), in ascending order. */
  readonly products: readonly number[];
}

/** The bytes of a module. */
export function encode(m: Module): Encoded {
  const signatures: string[] = [];
  const typeIndex = (takes: readonly ValType[], gives: ValType | undefined): number => {
    const key = `${takes.join(' ')} -> ${gives ?? ''}`;
    if (!signatures.includes(key)) signatures.push(key);
    return signatures.indexOf(key);
  };
  const imports = m.imports.map((i) => [...text(HOST), ...text(i.name), ...imported(i, typeIndex)]);
  const declared = m.functions.map((f) => leb(typeIndex(f.params.map((p) => p.type), f.result)));
  const names = [...m.imports.filter((i) => i.kind === 'function'), ...m.functions].map((f) => f.name);
  const exports = m.functions.filter((f) => f.exported).map((f) => [...text(f.name), 0, ...leb(names.indexOf(f.name))]);
  const bodies = m.functions.map((f) => body(f, names));
  const bytes = Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, signatures.map(signature)), ...section(2, imports), ...section(3, declared), ...section(7, exports),
    ...section(10, bodies.map((b) => sized(b.bytes))),
  ]);
  // Bodies end the module, each behind its length.
  let end = bytes.length;
  const starts = bodies.map(() => 0);
  for (let n = bodies.length - 1; n >= 0; n--) {
    starts[n] = end - bodies[n]!.bytes.length;
    end -= sized(bodies[n]!.bytes).length;
  }
  return { bytes, products: bodies.flatMap((b, n) => b.products.map((at) => starts[n]! + at)) };
}

function imported(i: Import, typeIndex: (takes: readonly ValType[], gives: ValType | undefined) => number): number[] {
  switch (i.kind) {
    case 'function': return [0, ...leb(typeIndex(i.takes ?? [], i.gives))];
    // At least no page, no upper bound: the host plans it.
    case 'memory': return [2, 0, 0];
    case 'global': return [3, TYPES.i32, 0];
    default: return i.kind satisfies never;
  }
}

function signature(key: string): number[] {
  const [takes = '', gives = ''] = key.split('->').map((side) => side.trim());
  const list = (side: string): number[] => {
    const types = side.split(' ').filter((t) => t !== '').map((t) => TYPES[t as ValType]);
    return [...leb(types.length), ...types];
  };
  return [0x60, ...list(takes), ...list(gives)];
}

const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
const text = (s: string): number[] => sized([...new TextEncoder().encode(s)]);
const section = (id: number, items: readonly (readonly number[])[]): number[] =>
  (items.length === 0 ? [] : [id, ...sized([...leb(items.length), ...items.flat()])]);

// -------------------------------------------------------------------------------------------------------- functions

/** Locals, run by run of one type, then the code. */
function body(f: Func, functions: readonly string[]): { readonly bytes: number[]; readonly products: readonly number[] } {
  const locals = new Map([...f.params, ...f.locals].map((l, n) => [l.name, n]));
  const runs: { type: ValType; count: number }[] = [];
  for (const { type } of f.locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  const out: number[] = [...leb(runs.length), ...runs.flatMap((r) => [...leb(r.count), TYPES[r.type]])];
  const writer = new Writer(out, locals, functions);
  writer.codes(f.body, []);
  out.push(0x0b);
  return { bytes: out, products: writer.products };
}

class Writer {
  readonly out: number[];
  readonly products: number[] = [];
  readonly locals: ReadonlyMap<string, number>;
  readonly functions: readonly string[];

  constructor(out: number[], locals: ReadonlyMap<string, number>, functions: readonly string[]) {
    this.out = out;
    this.locals = locals;
    this.functions = functions;
  }

  codes(body: readonly Code[], labels: readonly string[]): void {
    for (const c of body) this.code(c, labels);
  }

  code(c: Code, labels: readonly string[]): void {
    switch (c.kind) {
      case 'op': this.op(c, labels); return;
      case 'block': case 'loop':
        this.out.push(c.kind === 'block' ? 0x02 : 0x03, VOID);
        this.codes(c.body, [c.label, ...labels]);
        this.out.push(0x0b);
        return;
      case 'if':
        this.op(c.condition, labels);
        this.out.push(0x04, VOID);
        this.codes(c.then, ['', ...labels]);
        if (c.otherwise.length > 0) {
          this.out.push(0x05);
          this.codes(c.otherwise, ['', ...labels]);
        }
        this.out.push(0x0b);
        return;
      case 'group': this.codes(c.body, labels); return;
      case 'note': return;
      default: c satisfies never;
    }
  }

  op(o: Op, labels: readonly string[]): void {
    for (const a of o.args) this.op(a, labels);
    this.out.push(...INSTRUCTIONS.get(o.name)!.bytes, ...this.immediate(o, labels));
    if (addsProduct(o) && this.locals.get(o.args[1]!.at as string)! < 128) this.products.push(this.out.length - PRODUCT);
  }

  immediate({ name, at }: Op, labels: readonly string[]): readonly number[] {
    const { immediate } = INSTRUCTIONS.get(name)!;
    switch (immediate) {
      case 'none': return [];
      case 'mem1': return [0, ...leb(at as number)];
      case 'mem4': return [2, ...leb(at as number)];
      case 'mem8': return [3, ...leb(at as number)];
      case 'mem16': return [4, ...leb(at as number)];
      case 'i32': return signed(at as number);
      case 'f32': return [...new Uint8Array(Float32Array.of(at as number).buffer)];
      case 'f64': return [...new Uint8Array(Float64Array.of(at as number).buffer)];
      case 'bytes': return at as readonly number[];
      case 'lane': return [at as number];
      case 'local': return leb(found(this.locals.get(at as string), at));
      case 'function': return leb(found(this.functions.indexOf(at as string), at));
      case 'label': return leb(found(labels.indexOf(at as string), at));
      case 'global': case 'memory': return [0];
      default: return immediate satisfies never;
    }
  }
}

function found(index: number | undefined, name: unknown): number {
  invariant(index !== undefined && index >= 0, `nothing is called ${String(name)}`);
  return index;
}

/** A signed number of 32 bits, seven bits a byte. */
function signed(value: number): number[] {
  const out: number[] = [];
  for (let rest = value | 0; ;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

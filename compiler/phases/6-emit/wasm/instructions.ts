/**
 * The instructions of WebAssembly that kernels use, as one table: the encoder and the text printer both work from it, and
 * `op` (code.ts) checks every operand against it. A library would bring its own tree of the same operations and 100 kB to
 * 10 MB of code (wabt, binaryen); what is needed of it is these rows and two short recursive functions.
 */

export type ValType = 'i32' | 'f32' | 'f64' | 'v128';

/**
 * What stands behind an opcode. mem1 to mem16: an offset, and an alignment of that many bytes; lane: its number;
 * bytes: 16 of them; memory, memories: the number of the one memory, once or twice.
 */
export type Immediate =
  | 'none' | 'mem1' | 'mem4' | 'mem8' | 'mem16' | 'i32' | 'f32' | 'f64' | 'bytes' | 'lane'
  | 'local' | 'global' | 'function' | 'label' | 'memory';

/** Prefixes: opcodes of memory and saturation, and of lanes. */
const MISC = 0xfc_000;
const SIMD = 0xfd_000;

/** Prefix of the names, the opcode of the first (the others follow one by one), operands and results, names, immediate. */
type Row = readonly [prefix: string, first: number, signature: string, names: string, immediate?: Immediate];

const rows = [
  ['local.', 0x20, '', 'get set tee', 'local'],
  ['global.', 0x23, ' -> i32', 'get', 'global'],
  ['', 0x10, '', 'call', 'function'],
  ['', 0x1b, '', 'select'],
  ['', 0x0d, 'i32', 'br_if', 'label'],
  ['i32.', 0x28, 'i32 -> i32', 'load', 'mem4'],
  ['f32.', 0x2a, 'i32 -> f32', 'load', 'mem4'],
  ['f64.', 0x2b, 'i32 -> f64', 'load', 'mem8'],
  ['i32.', 0x2d, 'i32 -> i32', 'load8_u', 'mem1'],
  ['i32.', 0x36, 'i32 i32', 'store', 'mem4'],
  ['f32.', 0x38, 'i32 f32', 'store', 'mem4'],
  ['f64.', 0x39, 'i32 f64', 'store', 'mem8'],
  ['i32.', 0x3a, 'i32 i32', 'store8', 'mem1'],
  ['memory.', MISC + 11, 'i32 i32 i32', 'fill', 'memory'],
  ['i32.', 0x41, ' -> i32', 'const', 'i32'],
  ['f32.', 0x43, ' -> f32', 'const', 'f32'],
  ['f64.', 0x44, ' -> f64', 'const', 'f64'],
  ['i32.', 0x45, 'i32 -> i32', 'eqz'],
  ['i32.', 0x46, 'i32 i32 -> i32', 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'],
  ['f64.', 0x61, 'f64 f64 -> i32', 'eq ne lt gt le ge'],
  ['i32.', 0x6a, 'i32 i32 -> i32', 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u'],
  ['f64.', 0x99, 'f64 -> f64', 'abs neg ceil floor trunc nearest sqrt'],
  ['f64.', 0xa0, 'f64 f64 -> f64', 'add sub mul div min max copysign'],
  ['f32.', 0xb6, 'f64 -> f32', 'demote_f64'],
  ['f64.', 0xb7, 'i32 -> f64', 'convert_i32_s convert_i32_u'],
  ['f64.', 0xbb, 'f32 -> f64', 'promote_f32'],
  ['i32.', MISC + 2, 'f64 -> i32', 'trunc_sat_f64_s'],

  ['v128.', SIMD + 0, 'i32 -> v128', 'load', 'mem16'],
  ['v128.', SIMD + 9, 'i32 -> v128', 'load32_splat', 'mem4'],
  ['v128.', SIMD + 10, 'i32 -> v128', 'load64_splat', 'mem8'],
  ['v128.', SIMD + 11, 'i32 v128', 'store', 'mem16'],
  ['v128.', SIMD + 12, ' -> v128', 'const', 'bytes'],
  ['i8x16.', SIMD + 13, 'v128 v128 -> v128', 'shuffle', 'bytes'],
  ['i32x4.', SIMD + 17, 'i32 -> v128', 'splat'],
  ['f32x4.', SIMD + 19, 'f32 -> v128', 'splat'],
  ['f64x2.', SIMD + 20, 'f64 -> v128', 'splat'],
  ['i32x4.', SIMD + 27, 'v128 -> i32', 'extract_lane', 'lane'],
  ['f32x4.', SIMD + 31, 'v128 -> f32', 'extract_lane', 'lane'],
  ['f32x4.', SIMD + 32, 'v128 f32 -> v128', 'replace_lane', 'lane'],
  ['f64x2.', SIMD + 33, 'v128 -> f64', 'extract_lane', 'lane'],
  ['f64x2.', SIMD + 34, 'v128 f64 -> v128', 'replace_lane', 'lane'],
  ['i32x4.', SIMD + 55, 'v128 v128 -> v128', 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'],
  ['f32x4.', SIMD + 65, 'v128 v128 -> v128', 'eq ne lt gt le ge'],
  ['f64x2.', SIMD + 71, 'v128 v128 -> v128', 'eq ne lt gt le ge'],
  ['v128.', SIMD + 77, 'v128 -> v128', 'not'],
  ['v128.', SIMD + 78, 'v128 v128 -> v128', 'and andnot or xor'],
  ['v128.', SIMD + 82, 'v128 v128 v128 -> v128', 'bitselect'],
  ['v128.', SIMD + 92, 'i32 -> v128', 'load32_zero', 'mem4'],
  ['v128.', SIMD + 93, 'i32 -> v128', 'load64_zero', 'mem8'],
  ['f32x4.', SIMD + 94, 'v128 -> v128', 'demote_f64x2_zero'],
  ['f64x2.', SIMD + 95, 'v128 -> v128', 'promote_low_f32x4'],
  ['i8x16.', SIMD + 101, 'v128 v128 -> v128', 'narrow_i16x8_s narrow_i16x8_u'],
  ['f32x4.', SIMD + 103, 'v128 -> v128', 'ceil floor trunc nearest'],
  ['f64x2.', SIMD + 116, 'v128 -> v128', 'ceil floor'],
  ['i16x8.', SIMD + 133, 'v128 v128 -> v128', 'narrow_i32x4_s narrow_i32x4_u'],
  ['i16x8.', SIMD + 137, 'v128 -> v128', 'extend_low_i8x16_u'],
  ['i32x4.', SIMD + 160, 'v128 -> v128', 'abs neg'],
  ['i32x4.', SIMD + 169, 'v128 -> v128', 'extend_low_i16x8_u'],
  ['i32x4.', SIMD + 171, 'v128 i32 -> v128', 'shl shr_s shr_u'],
  ['i32x4.', SIMD + 174, 'v128 v128 -> v128', 'add'],
  ['i32x4.', SIMD + 177, 'v128 v128 -> v128', 'sub'],
  ['i32x4.', SIMD + 181, 'v128 v128 -> v128', 'mul min_s min_u max_s max_u'],
  ['f32x4.', SIMD + 224, 'v128 -> v128', 'abs neg'],
  ['f32x4.', SIMD + 227, 'v128 -> v128', 'sqrt'],
  ['f32x4.', SIMD + 228, 'v128 v128 -> v128', 'add sub mul div min max pmin pmax'],
  ['f64x2.', SIMD + 236, 'v128 -> v128', 'abs neg'],
  ['f64x2.', SIMD + 239, 'v128 -> v128', 'sqrt'],
  ['f64x2.', SIMD + 240, 'v128 v128 -> v128', 'add sub mul div min max pmin pmax'],
  ['i32x4.', SIMD + 248, 'v128 -> v128', 'trunc_sat_f32x4_s trunc_sat_f32x4_u'],
  ['f32x4.', SIMD + 250, 'v128 -> v128', 'convert_i32x4_s convert_i32x4_u'],
  ['f64x2.', SIMD + 254, 'v128 -> v128', 'convert_low_i32x4_s convert_low_i32x4_u'],
] as const satisfies readonly Row[];

type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;
type NamesOf<R extends Row> = R extends Row ? `${R[0]}${Words<R[3]>}` : never;
export type Mnemonic = NamesOf<(typeof rows)[number]>;

export interface Instruction {
  /** The opcode, behind its prefix if it has one. */
  readonly bytes: readonly number[];
  readonly takes: readonly ValType[];
  readonly gives: ValType | undefined;
  readonly immediate: Immediate;
}

/** An unsigned number, seven bits a byte. */
export function leb(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ;) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
    if (rest === 0) return out;
  }
}

const bytesOf = (code: number): number[] => (code >= 0xfc_000 ? [code >> 12, ...leb(code & 0xfff)] : [code]);
const types = (text: string): ValType[] => text.split(' ').filter((t) => t !== '') as ValType[];

/** Every instruction by its name. Operands that depend on a local or a function are not in the table. */
export const INSTRUCTIONS: ReadonlyMap<string, Instruction> = new Map((rows as readonly Row[]).flatMap((row) => {
  const [prefix, first, signature, names, immediate] = row;
  const [takes = '', gives = ''] = signature.split('->');
  return names.split(' ').map((name, n): [string, Instruction] =>
    [`${prefix}${name}`, { bytes: bytesOf(first + n), takes: types(takes), gives: types(gives)[0], immediate: immediate ?? 'none' }]);
}));

/**
 * Relaxed SIMD: `a*b + sum` in one instruction, rounded once where the machine does so. Not every engine has it, so a module
 * carries its plain bytes, and where in them such sums stand; where the engine has it the host rewrites them (ts/wasm/host.ts)
 * before it compiles. Both forms are eight bytes long, so nothing else moves:
 *
 *     a b  f32x4.mul  local.get sum  f32x4.add
 *     a b  local.get sum  f32x4.relaxed_madd  nop nop nop
 */
import type { Code, Func, Op } from './code.ts';

/** What stands behind `local.get sum`: f32x4.relaxed_madd, and nothing three times. */
export const MADD = [0xfd, 0x85, 0x02, 0x01, 0x01, 0x01] as const;
/** Of f32x4.mul, and of local.get with a number below 128. */
export const [MUL, GET] = [3, 2];
/** Of the whole. */
export const PRODUCT = MUL + GET + 3;

/** Whether an instruction adds a product to a local. */
export const addsProduct = (o: Op): boolean =>
  o.name === 'f32x4.add' && o.args[0]!.name === 'f32x4.mul' && o.args[1]!.name === 'local.get';

/**
 * Whether some innermost loop adds more products than it loads vectors, and so waits for arithmetic and not for memory: a tile
 * of a contraction does, a sum of squares does not.
 */
export const gainsByFusing = (functions: readonly Func[]): boolean => functions.some((f) => gains(f.body));

function gains(body: readonly Code[]): boolean {
  return body.some((c) => {
    if (c.kind === 'op' || c.kind === 'note') return false;
    if (c.kind === 'if') return gains(c.then) || gains(c.otherwise);
    if (c.kind !== 'loop' || hasLoop(c.body)) return gains(c.body);
    const counts = { products: 0, loads: 0 };
    count(c.body, counts);
    return counts.products > counts.loads;
  });
}

const within = (c: Code): readonly Code[] =>
  (c.kind === 'op' || c.kind === 'note' ? [] : c.kind === 'if' ? [...c.then, ...c.otherwise] : c.body);
const hasLoop = (body: readonly Code[]): boolean => body.some((c) => c.kind === 'loop' || hasLoop(within(c)));

function count(body: readonly Code[], into: { products: number; loads: number }): void {
  const look = (o: Op): void => {
    if (addsProduct(o)) into.products++;
    if (o.name.startsWith('v128.load')) into.loads++;
    o.args.forEach(look);
  };
  for (const c of body) {
    if (c.kind === 'op') look(c);
    count(within(c), into);
  }
}

/** Places as the steps from one to the next: shorter to write. */
export const stepsTo = (places: readonly number[]): number[] => places.map((at, n) => at - (places[n - 1] ?? 0));

/** The bytes with the products at these places, each counted from the one before, added in one instruction. */
export function fused(bytes: Uint8Array, steps: readonly number[]): Uint8Array {
  const out = new Uint8Array(bytes);
  let at = 0;
  for (const step of steps) {
    at += step;
    out.copyWithin(at, at + MUL, at + MUL + GET);
    out.set(MADD, at + GET);
  }
  return out;
}

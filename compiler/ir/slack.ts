/**
 * How far beyond its arrays a nest could reach if every loop variable took the value at which its loop ends. An engine that
 * bounds an index by the types of its variables counts that value too: an array that is long enough for it needs no test.
 *
 * Scratch of a few elements is made longer as well: V8 keeps typed arrays of up to 64 bytes in the object itself, and each
 * access of such an array costs more.
 */
import { bodyOf, exprsOf, operands, type Buffer, type Linear, type LoopExpr, type LoopNest, type Stmt } from './loop.ts';

/** Bytes of an array that V8 may keep in its object. */
const MOST_IN_OBJECT = 64;
const BYTES: Readonly<Record<Buffer['elem'], number>> = { f32: 4, f64: 8, i32: 4, u8: 1 };

/** Elements that each array lacks for that, by the name of the array; those that lack none are left out. */
export function slackOf(nest: LoopNest): Map<string, number> {
  const length = new Map(nest.buffers.map((b) => [b.name, b.length]));
  const out = new Map<string, number>();
  const touch = (buffer: string, at: Linear, highs: ReadonlyMap<string, number>): void => {
    const beyond = high(at, highs) + 1 - (length.get(buffer) ?? Infinity);
    if (beyond > 0 && Number.isFinite(beyond)) out.set(buffer, Math.max(out.get(buffer) ?? 0, beyond));
  };
  const expr = (e: LoopExpr, highs: ReadonlyMap<string, number>): void => {
    if (e.kind === 'load') touch(e.buffer, e.at.flat, highs);
    for (const o of operands(e)) expr(o, highs);
  };
  const block = (body: readonly Stmt[], outer: ReadonlyMap<string, number>): void => {
    const highs = new Map(outer);
    for (const s of body) {
      for (const e of exprsOf(s)) expr(e, highs);
      if (s.kind === 'let') highs.set(s.name, s.value.kind === 'linear' ? high(s.value.at, highs) : Infinity);
      if (s.kind === 'store') touch(s.buffer, s.at.flat, highs);
      const inside = s.kind === 'loop' ? new Map(highs).set(s.v, high(s.to, highs) - 1 + s.step) : highs;
      block(bodyOf(s), inside);
    }
  };
  block(nest.body, new Map());
  for (const p of nest.parts) block(p.body, new Map(p.params.map((x) => [x.v, x.size - 1])));
  for (const b of nest.buffers) {
    const least = MOST_IN_OBJECT / BYTES[b.elem] + 1 - b.length;
    if (b.role === 'scratch' && least > (out.get(b.name) ?? 0)) out.set(b.name, least);
  }
  return out;
}

/** The greatest value of an index whose variables start at 0. */
function high(at: Linear, highs: ReadonlyMap<string, number>): number {
  return at.reduce((sum, t) => sum + (t.v === undefined ? t.k : t.k > 0 ? t.k * (highs.get(t.v) ?? Infinity) : 0), 0);
}

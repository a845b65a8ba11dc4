/** Compares arrays of numbers by the size of what was added up to get them. */

/** The largest finite magnitude of some numbers. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let n = 0; n < values.length; n++) {
    const v = Math.abs(values[n]!);
    if (v > most && v < Infinity) most = v;
  }
  return most;
}

/**
 * @param tolerance relative to `scale`
 * @throws Error naming the worst element
 */
export function assertClose(
  name: string, got: ArrayLike<number>, want: ArrayLike<number>, scale: number, tolerance: number, round: (v: number) => number,
): void {
  if (got.length !== want.length) throw new Error(`${name}: ${got.length} elements, wanted ${want.length}`);
  let worst = -1;
  let excess = 0;
  for (let n = 0; n < got.length; n++) {
    const w = round(want[n]!);
    const g = got[n]!;
    if (Object.is(g, w) || g === w) continue;
    const error = Number.isFinite(w) && Number.isFinite(g) ? Math.abs(g - w) - (tolerance * scale + 1.5e-45) : Infinity;
    if (error > excess) { excess = error; worst = n; }
  }
  if (worst < 0) return;
  throw new Error(`${name}[${worst}] is ${got[worst]}, wanted ${round(want[worst]!)} within ${(tolerance * scale).toExponential(1)}`);
}

/** @throws Error naming the first element whose bits differ */
export function assertSame(name: string, got: ArrayLike<number>, want: ArrayLike<number>): void {
  for (let n = 0; n < want.length; n++) {
    if (!Object.is(got[n], want[n])) throw new Error(`${name}[${n}] is ${got[n]}, was ${want[n]}`);
  }
}

/** Loops that are unrolled: several values of an axis side by side in one body, and what is left over after it. */
import type { Linear } from '../../ir/loop.ts';
import type { Builder } from './builder.ts';

/** Writes for one value of an axis, or of axes that are one loop: that of its loop plus an offset, or a number where no loop is left. */
export function atLane(
  b: Builder, axes: string | readonly string[], lane: { readonly offset: number; readonly whole: boolean }, name: string, fill: () => void,
): void {
  const own = typeof axes === 'string' ? [axes] : axes;
  // Without a loop of its own the axis stands still: what is written out belongs where it is written.
  const still = own.filter((a) => !b.axisFrame.has(a));
  for (const a of still) b.axisFrame.set(a, b.depth);
  b.lanes.set(own.at(-1)!, { ...lane, name });
  b.levels.clear();
  b.merge(own, fill);
  b.lanes.delete(own.at(-1)!);
  b.levels.clear();
  for (const a of still) b.axisFrame.delete(a);
}

interface Bounds {
  readonly from: Linear;
  readonly to: Linear;
  readonly step: number;
}

/** A loop over some axes in steps, as far as they go. Answers with the bounds of what is left. */
export function steppedLoop(b: Builder, axes: readonly string[], step: number, fill: () => void): Bounds | undefined {
  const size = b.size(axes);
  const rest = size.value % step;
  const whole = [{ k: size.value, factors: [size.name] }];
  const end = rest > 0 ? [...whole, { k: -rest }] : whole;
  b.loop(axes, { from: [], to: end, step }, fill);
  return rest > 0 ? { from: end, to: whole, step: 1 } : undefined;
}

/** A loop by `lanes` at a time, then one over the rest. `fill` is told the lane. */
export function laneLoop(b: Builder, axes: readonly string[], lanes: number, fill: (lane: number) => void): void {
  const rest = steppedLoop(b, axes, lanes, () => {
    for (let lane = 0; lane < lanes; lane++) atLane(b, axes, { offset: lane, whole: false }, String(lane), () => fill(lane));
  });
  if (!rest) return;
  const last = b.size(axes).value - 1;
  if (b.size(axes).value % lanes === 1) atLane(b, axes, { offset: last, whole: true }, '', () => fill(0));
  else b.loop(axes, rest, () => fill(0));
}

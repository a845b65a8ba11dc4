/** Loops that are unrolled: several values of an axis side by side in one body, and what is left over after it. */
import { collect } from '../../ir/loop.ts';
import type { Builder, Lane } from './builder.ts';

/** Writes for one value of an axis: that of its loop plus an offset, or a number where no loop is left. */
export function atLane(b: Builder, axis: string, lane: Lane, name: string, fill: () => void): void {
  const before = b.laneName;
  const frame = b.axisFrame.get(axis);
  // Without a loop of its own the axis stands still: what is written out belongs where it is written.
  if (frame === undefined) b.axisFrame.set(axis, b.depth);
  b.lanes.set(axis, lane);
  b.levels.clear();
  b.laneName = before === '' ? name : name === '' ? before : `${before}_${name}`;
  fill();
  b.lanes.delete(axis);
  b.levels.clear();
  if (frame === undefined) b.axisFrame.delete(axis);
  b.laneName = before;
}

/** A loop over an axis by `lanes` at a time, then one over the rest. `fill` is told the lane. */
export function laneLoop(b: Builder, axis: string, lanes: number, fill: (lane: number) => void): void {
  const size = b.context.names.size(axis);
  const rest = size.value % lanes;
  const end = collect([{ k: size.value, factors: [size.name] }, { k: -rest }]);
  b.loop(axis, { from: [], to: rest > 0 ? end : [{ k: size.value, factors: [size.name] }], step: lanes }, () => {
    for (let lane = 0; lane < lanes; lane++) atLane(b, axis, { offset: lane, whole: false }, String(lane), () => fill(lane));
  });
  if (rest === 1) atLane(b, axis, { offset: size.value - 1, whole: true }, '', () => fill(0));
  else if (rest > 0) b.loop(axis, { from: end, to: [{ k: size.value, factors: [size.name] }], step: 1 }, () => fill(0));
}

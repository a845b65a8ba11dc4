/** A sum of forward letters, hoisted: is what remains a reduction that the forward computes anyway? */
import { baseAxis } from '../../ir/affine.ts';
import type { Letters } from './letters.ts';
import { monomialAxes, multiply, ofAtom, sizeAtom, splitByAxes, wholeAtom, type Monomial } from './poly.ts';

/** sum[axes](m) as one monomial, if nothing new has to be summed for it. */
export function hoistForward(m: Monomial, axes: readonly string[], letters: Letters): Monomial | undefined {
  const { outside, inside } = splitByAxes(m, new Set(axes));
  const carried = monomialAxes(inside);
  let front = outside;
  for (const axis of axes) if (!carried.has(axis)) front = multiply(front, ofAtom(sizeAtom(baseAxis(axis))));
  const bound = letters.sort(axes.filter((a) => carried.has(a)));
  if (bound.length === 0) return multiply(front, inside);
  const free = letters.sort([...carried].filter((a) => !bound.includes(a)));
  const known = letters.lookup({ kind: 'reduce', op: 'sum', axes: bound, body: inside }, free);
  return known && !known.backward ? multiply(front, ofAtom(wholeAtom(known))) : undefined;
}

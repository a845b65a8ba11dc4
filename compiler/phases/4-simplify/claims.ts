/** Holds the formulas of a `backward:` block against the derived gradients, by proof. */
import type { Claim } from '../../ir/tensor.ts';
import type { Context } from './context.ts';
import type { Gradient } from './assemble.ts';
import { bodyOf, toPoly } from './load.ts';
import { addPoly, negatePoly } from './poly.ts';
import { Prover } from './proof.ts';

/**
 * Which claims are proved equal to the gradient of their name. Helpers are claims too: they stand for their formula.
 * A claim that is not among the proved ones may still be true.
 */
export function proveClaims(claims: readonly Claim[], gradients: readonly Gradient[], cx: Context): Set<string> {
  const { letters } = cx;
  const byName = new Map(gradients.map((g) => [g.name, g]));
  for (const g of gradients) {
    if (!letters.find(g.name)) letters.declare({ name: g.name, axes: g.axes, body: { kind: 'sum', poly: g.value }, anonymous: false, zeroOutside: true });
  }
  const proved = new Set<string>();
  for (const claim of claims) {
    const gradient = byName.get(claim.name);
    if (!gradient) {
      letters.declare({ name: claim.name, axes: claim.axes, body: bodyOf(claim.formula, letters), anonymous: false, zeroOutside: true });
      continue;
    }
    const difference = addPoly(toPoly(claim.formula, letters), negatePoly(gradient.value));
    if (new Prover(letters).isZero(difference)) proved.add(claim.name);
  }
  return proved;
}

/** What a Program's stores depend on. */
import { readsOf } from './expr.ts';
import type { Program } from './tensor.ts';

/** The names of all definitions and tensors that some store needs, itself or through others. */
export function neededNames(p: Pick<Program, 'definitions' | 'stores'>): Set<string> {
  const needed = new Set(p.stores.map((s) => s.definition));
  // Each definition reads only what stands before it: one pass from the end meets every reader first.
  for (const d of [...p.definitions].reverse()) {
    if (!needed.has(d.name)) continue;
    if (d.formula.kind === 'hit') needed.add(d.formula.of);
    for (const r of readsOf(d.formula)) needed.add(r.tensor);
  }
  return needed;
}

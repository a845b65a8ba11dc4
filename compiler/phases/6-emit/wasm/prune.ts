/** Which locals matter, and code without those that do not. Values have no effect beside, so what nothing reads may go. */
import type { Code, Func, Op } from './code.ts';

/**
 * The locals that some effect needs: what is stored, called with or branched on, and what that is made of.
 * @param but effects that do not count
 */
export function neededIn(body: readonly Code[], but: ReadonlySet<Op> = new Set()): Set<string> {
  const madeOf = new Map<string, Set<string>>();
  const needed = new Set<string>();
  const look = (o: Op, into: Set<string>): void => {
    if (o.name === 'local.get') into.add(o.at as string);
    if (o.name === 'local.tee') look(o.args[0]!, partsOf(o.at as string));
    for (const a of o.args) look(a, into);
  };
  const partsOf = (local: string): Set<string> => {
    const parts = madeOf.get(local) ?? new Set<string>();
    madeOf.set(local, parts);
    return parts;
  };
  walk(body, (o) => { if (!but.has(o)) look(o, o.name === 'local.set' ? partsOf(o.at as string) : needed); });
  // A set grows while it is walked: what is added is met later.
  for (const local of needed) for (const part of madeOf.get(local) ?? []) needed.add(part);
  return needed;
}

/** A function without the locals that it only sets. */
export function pruned(f: Func): Func {
  const needed = neededIn(f.body);
  const named = new Set<string>();
  const isDead = (o: Op): boolean => o.name === 'local.set' && !needed.has(o.at as string);
  const sweep = (body: readonly Code[]): Code[] => body.flatMap((c): Code[] => {
    switch (c.kind) {
      case 'op': return isDead(c) ? [] : [c];
      case 'block': case 'loop': case 'group': return [{ ...c, body: sweep(c.body) }];
      case 'if': return [{ ...c, then: sweep(c.then), otherwise: sweep(c.otherwise) }];
      case 'note': return [c];
      default: return c satisfies never;
    }
  });
  const body = sweep(f.body);
  const name = (o: Op): void => {
    if (typeof o.at === 'string') named.add(o.at);
    o.args.forEach(name);
  };
  walk(body, name);
  return { ...f, body, locals: f.locals.filter((l) => named.has(l.name)) };
}

/** Every instruction that is no operand. */
function walk(body: readonly Code[], visit: (o: Op) => void): void {
  for (const c of body) {
    switch (c.kind) {
      case 'op': visit(c); break;
      case 'block': case 'loop': case 'group': walk(c.body, visit); break;
      case 'if': visit(c.condition); walk(c.then, visit); walk(c.otherwise, visit); break;
      case 'note': break;
      default: c satisfies never;
    }
  }
}

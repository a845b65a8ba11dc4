/** Takes out what nothing reads: locals, and the values they are given. Values have no effect beside. */
import type { Code, Func, Op } from './code.ts';

/** A function without the locals that it only sets. */
export function pruned(f: Func): Func {
  const read = new Set<string>();
  const look = (o: Op): void => {
    if (o.name === 'local.get') read.add(o.at as string);
    o.args.forEach(look);
  };
  // A local that is made of itself alone is as dead as one that nothing reads.
  walk(f.body, (o) => { if (o.name === 'local.set') o.args.forEach((a) => lookPast(a, o.at as string, look)); else look(o); });
  const isDead = (o: Op): boolean => o.name === 'local.set' && !read.has(o.at as string);
  let dropped = false;
  const sweep = (body: readonly Code[]): Code[] => body.flatMap((c): Code[] => {
    switch (c.kind) {
      case 'op': if (isDead(c)) { dropped = true; return []; } return [c];
      case 'block': case 'loop': case 'group': return [{ ...c, body: sweep(c.body) }];
      case 'if': return [{ ...c, then: sweep(c.then), otherwise: sweep(c.otherwise) }];
      case 'note': return [c];
      default: return c satisfies never;
    }
  });
  const swept = { ...f, body: sweep(f.body) };
  return dropped ? pruned(swept) : { ...swept, locals: f.locals.filter((l) => isNamed(swept.body, l.name)) };
}

function lookPast(o: Op, own: string, look: (o: Op) => void): void {
  if (o.name === 'local.get' && o.at === own) return;
  if (o.name === 'local.get') look(o);
  else o.args.forEach((a) => lookPast(a, own, look));
}

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

/** Whether a local is read or set anywhere. */
function isNamed(body: readonly Code[], name: string): boolean {
  let found = false;
  const look = (o: Op): void => {
    if ((o.name === 'local.get' || o.name === 'local.set' || o.name === 'local.tee') && o.at === name) found = true;
    o.args.forEach(look);
  };
  walk(body, look);
  return found;
}

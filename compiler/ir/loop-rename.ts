/**
 * Gives every local and loop variable of a body a name of its own. Blocks beside each other may use a name twice; who keeps
 * notes by name would take one for the other.
 */
import type { Address, Linear, LoopExpr, Range, Stmt } from './loop.ts';

type Names = ReadonlyMap<string, string>;

/** The same statements, no name declared twice. `fresh` makes a name that nothing has. */
export function withOwnNames(body: readonly Stmt[], fresh: (wish: string) => string): Stmt[] {
  const seen = new Set<string>();
  const declare = (name: string, names: Map<string, string>): string => {
    const own = seen.has(name) ? fresh(name) : name;
    seen.add(own);
    names.set(name, own);
    return own;
  };
  const block = (all: readonly Stmt[], outer: Names): Stmt[] => {
    const names = new Map(outer);
    return all.map((s): Stmt => {
      switch (s.kind) {
        case 'let': {
          const value = inExpr(s.value, names);
          return { ...s, value, name: declare(s.name, names) };
        }
        case 'set': return { ...s, name: names.get(s.name) ?? s.name, value: inExpr(s.value, names) };
        case 'store': return { ...s, at: inAddress(s.at, names), value: inExpr(s.value, names) };
        case 'when': return { ...s, condition: inExpr(s.condition, names), body: block(s.body, names) };
        case 'check': return { ...s, local: names.get(s.local) ?? s.local, ...(s.when ? { when: inExpr(s.when, names) } : {}),
          element: { ...s.element, index: s.element.index.map((at) => inLinear(at, names)), value: inExpr(s.element.value, names) } };
        case 'call': return { ...s, args: s.args.map((at) => inLinear(at, names)) };
        case 'loop': {
          const inner = new Map(names);
          const [from, to] = [inLinear(s.from, names), inLinear(s.to, names)];
          const v = declare(s.v, inner);
          return { ...s, v, from, to, within: s.within.map((r) => inRange(r, inner)), body: block(s.body, inner) };
        }
        case 'fill': case 'draw': case 'label': return s;
        default: return s satisfies never;
      }
    });
  };
  return block(body, new Map());
}

const inLinear = (at: Linear, names: Names): Linear => at.map((t) => (t.v === undefined ? t : { ...t, v: names.get(t.v) ?? t.v }));
const inRange = (r: Range, names: Names): Range => ({ ...r, at: inLinear(r.at, names) });
const inAddress = (a: Address, names: Names): Address =>
  ({ flat: inLinear(a.flat, names), slots: a.slots.map((s) => ({ ...s, at: inLinear(s.at, names) })) });

function inExpr(e: LoopExpr, names: Names): LoopExpr {
  const sub = (x: LoopExpr): LoopExpr => inExpr(x, names);
  switch (e.kind) {
    case 'const': case 'named': return e;
    case 'local': return { ...e, name: names.get(e.name) ?? e.name };
    case 'load': return { ...e, at: inAddress(e.at, names) };
    case 'linear': case 'quotient': return { ...e, at: inLinear(e.at, names) };
    case 'inside': return { ...e, range: inRange(e.range, names) };
    case 'unary': case 'splat': case 'fold': case 'widen': case 'lane': return { ...e, x: sub(e.x) };
    case 'binary': case 'shuffle': return { ...e, a: sub(e.a), b: sub(e.b) };
    case 'select': case 'choose': return { ...e, c: sub(e.c), a: sub(e.a), b: sub(e.b) };
    case 'narrow': return { ...e, low: sub(e.low), high: sub(e.high) };
    case 'join': return { ...e, parts: e.parts.map(sub) };
    default: return e satisfies never;
  }
}

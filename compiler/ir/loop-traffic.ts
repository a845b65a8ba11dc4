/** What a function moves: how often a run of it touches the arrays of its caller, and how often any array. */
import { bodyOf, exprsOf, operands, type Linear, type LoopExpr, type LoopNest, type Stmt } from './loop.ts';

export interface Traffic {
  /** Loads and stores of arguments and of fields of the cache. */
  readonly callers: number;
  /** Those of scratch too. */
  readonly all: number;
}

/** The loads and stores of one run, parts included where they are called. */
export function trafficOf(nest: LoopNest): Traffic {
  const scratch = new Set(nest.buffers.filter((b) => b.role === 'scratch').map((b) => b.name));
  const parts = new Map(nest.parts.map((p) => [p.name, p.body]));
  let callers = 0;
  let all = 0;
  const touch = (buffer: string, times: number): void => {
    all += times;
    if (!scratch.has(buffer)) callers += times;
  };
  const expr = (e: LoopExpr, times: number): void => {
    if (e.kind === 'load') touch(e.buffer, times);
    for (const o of operands(e)) expr(o, times);
  };
  const visit = (body: readonly Stmt[], times: number): void => {
    for (const s of body) {
      for (const e of exprsOf(s)) expr(e, times);
      if (s.kind === 'store') touch(s.buffer, times);
      visit(s.kind === 'call' ? parts.get(s.part)! : bodyOf(s), s.kind === 'loop' ? times * tripsOf(s) : times);
    }
  };
  visit(nest.body, 1);
  return { callers, all };
}

/** Narrowed loops count as if they were whole. */
function tripsOf(s: Stmt & { kind: 'loop' }): number {
  const constant = (at: Linear): number | undefined => (at.every((t) => t.v === undefined) ? at.reduce((n, t) => n + t.k, 0) : undefined);
  const [from, to] = [constant(s.from), constant(s.to)];
  return Math.max(1, (from === undefined || to === undefined ? s.size : to - from) / s.step);
}

/**
 * Writes a contraction: each operand is packed by a function of its own, once or once for each value of the batch, and each
 * phase is summed by another. V8 optimises such functions one by one, far better than all of it in one.
 */
import { sizeOf } from '../../../ir/affine.ts';
import type { Buffer, Stmt } from '../../../ir/loop.ts';
import type { Builder } from '../builder.ts';
import type { Context, Info } from '../space.ts';
import type { ScratchPool, Storage } from '../storage.ts';
import { buildPhase, scaleSums } from './nest.ts';
import { pack } from './pack.ts';
import type { VectorOptions } from '../vector/index.ts';
import type { Layout } from './layout.ts';
import type { PhasePlan, Plan } from './plan.ts';

/** What a contraction is written into. */
export interface Host {
  readonly context: Context;
  readonly main: Builder;
  readonly pool: ScratchPool;
  /** The scratch arrays in use; those of this contraction are added. */
  readonly taken: Set<string>;
  readonly storage: ReadonlyMap<string, Storage>;
  newBuilder(): Builder;
  /**
   * Makes a part of some statements. `wish`: what it does, behind the function's name. `lanes`: how it goes into vectors.
   * @returns its name
   */
  part(wish: string, params: readonly { v: string; size: number }[], body: readonly Stmt[], lanes?: Pick<VectorOptions, 'sums' | 'copies'>): string;
}

/** Whether the sums of a plan are cut into pieces, so that they have to be kept in an array. */
export const isCut = (p: Plan): boolean => p.batch !== undefined && p.contraction.reduced.includes(p.batch);

/** Writes a plan, and what is made of its results in place. */
export function buildContraction(plan: Plan, epilogue: readonly Info[], host: Host): void {
  const { main, pool, taken, context } = host;
  const { item } = plan.contraction;
  const { batch, phases } = plan;
  const sums = host.storage.get(item.name);
  const arrays = new Map<Layout, Buffer>();
  const isBatched = (n: 0 | 1): boolean => batch !== undefined && plan.operands[n].axes.has(batch);
  /** Packs what a phase reads and no phase before it has read. */
  const packing = (p: PhasePlan, n: 0 | 1): void => {
    const [o, l] = [plan.operands[n], p.layouts[n]];
    if (arrays.has(l)) return;
    const into = pool.take(`${o.name}${p.lanes ? '32' : '64'}`, p.lanes ? 'f32' : 'f64', l.length, taken, l.kind === 'image' ? { border: l.key } : {});
    arrays.set(l, into);
    const own = isBatched(n) ? batch : undefined;
    callPart(host, `Pack${capital(o.name)}`, own, undefined, (b) => pack(b, o, l, into, own));
  };
  const summed = phases.filter((p) => p.tile);
  for (const n of [0, 1] as const) if (!isBatched(n)) for (const p of summed) packing(p, n);
  if (isCut(plan)) main.push({ kind: 'fill', buffer: sums!.buffer.name, value: 0 });
  const inside = (): void => {
    for (const n of [0, 1] as const) if (isBatched(n)) for (const p of summed) packing(p, n);
    phases.forEach((own, n) => callPart(host, `${capital(nameOf(plan, epilogue))}${phases.length > 1 ? n : ''}`, batch, own.lanes ? { sums: 'f32', copies: 1 } : undefined, (p) => {
      const labels = epilogue.flatMap((e) => (e.item.label === undefined ? [] : [e.item.label]));
      for (const text of new Set(labels.length > 0 ? labels : [item.label ?? ''])) if (text !== '') p.push({ kind: 'label', text });
      buildPhase(p, plan, own, { buffers: own.layouts.map((l) => arrays.get(l)!) as unknown as [Buffer, Buffer], epilogue, adds: isCut(plan), ...(sums ? { sums } : {}) });
    }));
  };
  if (batch === undefined) inside();
  else {
    const size = context.names.size(batch);
    main.loop(batch, { from: [], to: [{ k: size.value, factors: [size.name] }], step: 1 }, inside);
  }
  if (isCut(plan)) scaleSums(main, plan, sums!);
}

/** A part, called where `main` stands; it takes the batch's number, if it needs it. */
function callPart(host: Host, wish: string, batch: string | undefined, lanes: Pick<VectorOptions, 'sums' | 'copies'> | undefined, fill: (b: Builder) => void): void {
  const { main, context } = host;
  const b = host.newBuilder();
  const params: { v: string; size: number }[] = [];
  if (batch !== undefined) {
    const v = b.scope.fresh(batch.toLowerCase());
    b.axisVar.set(batch, v);
    b.axisFrame.set(batch, 0);
    b.varFrame.set(v, 0);
    params.push({ v, size: sizeOf(context.env, batch) });
  }
  fill(b);
  const part = host.part(wish, params, b.frame(0).stmts, lanes);
  main.push({ kind: 'call', part, args: batch === undefined ? [] : [main.axisTerms(batch, 1, [])] });
}

const nameOf = (plan: Plan, epilogue: readonly Info[]): string =>
  epilogue[0]?.item.store?.name ?? (plan.contraction.item.name.startsWith('%') ? 'sums' : plan.contraction.item.name);

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The table that `npm run bench` prints, a row for each pass of a kernel. */
import type { TimedPass, Times } from './worker.ts';

/** What one target takes for a pass, and what it does by the least of its medians. */
export interface Measured extends Pick<TimedPass, 'bound' | 'plain' | 'naive'> {
  readonly gflops: number;
  readonly gbytes: number;
  /** Of whichever limit is nearer. */
  readonly ofRoofline: number;
}

export interface Row {
  readonly kernel: string;
  readonly pass: string;
  readonly ts?: Measured;
  /** Bound, in place. */
  readonly wasm?: Measured;
}

interface Column {
  readonly head: string;
  readonly cell: (row: Row) => string;
}

const us = (t: number): string => t.toFixed(t < 10 ? 2 : 1);
const times = (head: string, of: (row: Row) => Times | undefined): Column[] => [
  { head: `${head} us`, cell: (r) => show(of(r), (t) => us(t.medianUs)) }, { head: 'min', cell: (r) => show(of(r), (t) => us(t.minUs)) },
];
const show = <T>(value: T | undefined, print: (value: T) => string): string => (value === undefined ? '' : print(value));
const rates = (of: (row: Row) => Measured | undefined): Column[] => [
  { head: 'GFLOP/s', cell: (r) => show(of(r), (m) => m.gflops.toFixed(2)) }, { head: 'GB/s', cell: (r) => show(of(r), (m) => m.gbytes.toFixed(2)) },
  { head: 'roofline', cell: (r) => show(of(r), (m) => `${(m.ofRoofline * 100).toFixed(0)} %`) },
];

const ofTarget: Readonly<Record<'ts' | 'wasm', readonly Column[]>> = {
  ts: [...times('plain', (r) => r.ts?.plain), ...times('bound', (r) => r.ts?.bound), ...rates((r) => r.ts)],
  wasm: [...times('wasm', (r) => r.wasm?.bound), ...rates((r) => r.wasm)],
};
const naive: Column = { head: 'naive us', cell: (r) => show(r.ts?.naive, (t) => us(t.medianUs)) };

export const columns = (targets: readonly ('ts' | 'wasm')[]): Column[] => [...targets.flatMap((t) => ofTarget[t]), ...(targets.includes('ts') ? [naive] : [])];

export const header = (shown: readonly Column[]): string => line('kernel', 'pass', shown.map((c) => c.head));
export const row = (r: Row, shown: readonly Column[]): string => line(r.kernel, r.pass, shown.map((c) => c.cell(r)));

const line = (kernel: string, pass: string, cells: readonly string[]): string =>
  [kernel.padEnd(30), pass.padEnd(13), ...cells.map((c) => c.padStart(9))].join(' ').trimEnd();

/** The report as a table for a terminal: a time in microseconds, or a number that a note below the table explains. */
import { bestPeer, isRefusal } from './report.ts';
import type { PassReport, PeerKind, Report, WorkloadReport } from './report.ts';

const passShown = { forward: 'fwd', backward: 'bwd', both: 'f+b' } as const;

/** What we are timed in. */
const ways = ['plain', 'bound', 'wasm'] as const;

const kinds: readonly (readonly [PeerKind, string])[] = [['js', 'best JS'], ['wasm', 'best WASM'], ['native', 'native']];

export function printTable(report: Report): string {
  const peers = report.peers.filter((peer) => peer.refused === undefined);
  const ours = ways.filter((way) => report.workloads.some(({ passes }) => passes.some((pass) => pass[way])));
  const held = kinds.filter(([kind]) => kind !== 'native' || peers.some((peer) => peer.kind === kind));
  const notes: string[] = [];
  const note = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const head = ['workload', 'pass', ...ours, ...peers.map((peer) => peer.name), ...held.map(([, shown]) => shown)];
  const row = (workload: WorkloadReport, pass: PassReport): string[] => [
    `${workload.layer} ${workload.label}`, passShown[pass.pass], ...ours.map((way) => (pass[way] ? microseconds(pass[way].medianUs) : '')),
    ...peers.map(({ name }) => {
      const timing = pass.peers[name];
      if (!timing) return '';
      return isRefusal(timing) ? note(`${name} ${timing.refused}`) : microseconds(timing.medianUs);
    }),
    ...held.map(([kind]) => ratios(report, pass, kind)),
  ];
  const rows = report.workloads.flatMap((workload) => workload.passes.map((pass) => row(workload, pass)));
  return [
    ...align([head, ...rows]), '',
    `Median microseconds of a call. The last columns: the best peer's time over ours, ${list(ours)}; above 1, ours is faster.`,
    ...notes.map((text, n) => `[${n + 1}] ${text}`),
    ...report.peers.flatMap((peer) => (peer.refused === undefined ? [] : [`${peer.name} took no part: ${peer.refused}`])),
    ...(report.bundles.length > 0 ? ['', 'Minified and gzipped:', ...align(report.bundles.map((b) => [b.what, `${(b.bytes / 1000).toFixed(1)} kB`]))] : []),
  ].join('\n');
}

/** `52×`, or `52× 61× 240×` where there are bound functions and those in WebAssembly. */
function ratios(report: Report, pass: PassReport, kind: PeerKind): string {
  const best = bestPeer(report, pass, kind);
  return best ? ways.flatMap((way) => (pass[way] ? times(best.medianUs / pass[way].medianUs) : [])).join(' ') : '–';
}

/** `plain, bound and wasm`. */
const list = (words: readonly string[]): string => [words.slice(0, -1).join(', '), words.at(-1)!].filter((part) => part !== '').join(' and ');

/** Three digits: what a noisy machine can tell. */
export const times = (ratio: number): string => `${significant(ratio, ratio < 1 ? 2 : 3)}×`;

const microseconds = (us: number): string => significant(us, 4);

const significant = (x: number, digits: number): string =>
  x.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.max(x, 0.01)))));

/** Columns as wide as their widest cell, the first to the left and the others to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ').trimEnd());
}

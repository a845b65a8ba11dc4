/** The report as a table for a terminal: a time in microseconds, or a number that a note below the table explains. */
import { bestPeer, isRefusal } from './report.ts';
import type { PassReport, Report, WorkloadReport } from './report.ts';

const passShown = { forward: 'fwd', backward: 'bwd', both: 'f+b' } as const;

export function printTable(report: Report): string {
  const peers = report.peers.filter((peer) => peer.refused === undefined);
  const hasBound = report.workloads.some(({ passes }) => passes.some((pass) => pass.bound));
  const notes: string[] = [];
  const note = (text: string): string => {
    if (!notes.includes(text)) notes.push(text);
    return `[${notes.indexOf(text) + 1}]`;
  };
  const head = ['workload', 'pass', 'plain', ...(hasBound ? ['bound'] : []), ...peers.map((peer) => peer.name), 'best JS', 'best WASM'];
  const row = (workload: WorkloadReport, pass: PassReport): string[] => [
    `${workload.layer} ${workload.label}`, passShown[pass.pass], microseconds(pass.plain.medianUs),
    ...(hasBound ? [pass.bound ? microseconds(pass.bound.medianUs) : ''] : []),
    ...peers.map(({ name }) => {
      const timing = pass.peers[name];
      if (!timing) return '';
      return isRefusal(timing) ? note(`${name} ${timing.refused}`) : microseconds(timing.medianUs);
    }),
    ratios(report, pass, 'js'), ratios(report, pass, 'wasm'),
  ];
  const rows = report.workloads.flatMap((workload) => workload.passes.map((pass) => row(workload, pass)));
  return [
    ...align([head, ...rows]), '',
    `Median microseconds of a call. The last two columns: the best peer's time over ours${hasBound ? ', plain and bound' : ''}; above 1, ours is faster.`,
    ...notes.map((text, n) => `[${n + 1}] ${text}`),
    ...report.peers.flatMap((peer) => (peer.refused === undefined ? [] : [`${peer.name} took no part: ${peer.refused}`])),
    ...(report.bundles.length > 0 ? ['', 'Minified and gzipped:', ...align(report.bundles.map((b) => [b.what, `${(b.bytes / 1000).toFixed(1)} kB`]))] : []),
  ].join('\n');
}

/** `52×`, or `52× 61×` where there are bound functions too. */
function ratios(report: Report, pass: PassReport, kind: 'js' | 'wasm'): string {
  const best = bestPeer(report, pass, kind);
  if (!best) return '–';
  return [pass.plain, ...(pass.bound ? [pass.bound] : [])].map((ours) => times(best.medianUs / ours.medianUs)).join(' ');
}

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

/**
 * The report as an SVG: for each pass of each workload how many times faster ours is than the best peer in plain JavaScript and
 * than the best in WebAssembly, on a logarithmic axis, with the numbers beside it. Follows the reader's light or dark scheme.
 */
import { bestPeer, ourBest } from './report.ts';
import type { PassReport, PassShown, PeerKind, Report, WorkloadReport } from './report.ts';
import { times } from './table.ts';

const WIDTH = 860;
const PLOT = { left: 278, right: 600 } as const;
/** Where the numbers stand: the ratio ends and the peer's name starts beside it. */
const NUMBERS: Readonly<Record<PeerKind, number>> = { js: 662, wasm: 786 };
const TOP = 112;
const ROW = 15;
const GROUP = 24;
/** The room of a label of the axis. */
const LABEL = 60;
const kinds: readonly PeerKind[] = ['js', 'wasm'];
const kindShown = { js: 'JavaScript', wasm: 'WebAssembly' } as const;
const passShown: Readonly<Partial<Record<PassShown, string>>> = { forward: 'fwd', backward: 'bwd' };

const STYLE = [
  'text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #24292f }',
  '.title { font: 600 15px system-ui, sans-serif } .group { font-weight: 600 } .quiet { fill: #6e7781 }',
  '.paper { fill: #ffffff } .grid { stroke: #d8dee4 } .even { stroke: #57606a; stroke-width: 1.5 }',
  '.js { fill: #0969da; stroke: #0969da } .wasm { fill: #bc4c00; stroke: #bc4c00 } text.js, text.wasm { stroke: none }',
  '@media (prefers-color-scheme: dark) {',
  '  text { fill: #e6edf3 } .quiet { fill: #8b949e } .paper { fill: #0d1117 } .grid { stroke: #30363d } .even { stroke: #8b949e }',
  '  .js { fill: #58a6ff; stroke: #58a6ff } .wasm { fill: #f0883e; stroke: #f0883e }',
  '}',
];

export function drawChart(report: Report): string {
  const scale = scaleOf(report);
  const body: string[] = [];
  let y = TOP;
  let layer = '';
  for (const workload of report.workloads) {
    if (workload.layer !== layer) {
      layer = workload.layer;
      y += GROUP;
      body.push(text(12, y - 7, layer, 'group'));
    }
    for (const pass of drawn(workload)) {
      body.push(...row(report, workload, pass, y, scale));
      y += ROW;
    }
  }
  const height = y + 44;
  const frame = { 'xmlns': 'http://www.w3.org/2000/svg', 'viewBox': `0 0 ${WIDTH} ${height}`, 'width': WIDTH, 'height': height, 'role': 'img' };
  return [
    `<svg ${attributes({ ...frame, 'aria-label': 'Speed of the kernels against the best peers' })}>`,
    '<style>', ...STYLE, '</style>',
    `<rect ${attributes({ class: 'paper', width: WIDTH, height, rx: 6 })}/>`,
    ...header(report), ...axis(scale, y), ...body,
    text(12, height - 12, `${report.machine.cpu}, Node ${report.machine.node}, ${report.settings.rounds} interleaved rounds`, 'quiet'),
    '</svg>', '',
  ].join('\n');
}

/** The chart leaves out the sums. */
const drawn = ({ passes }: WorkloadReport): PassReport[] => passes.filter(({ pass }) => pass in passShown);

/** From a ratio to a place on the axis, and the powers of ten that the axis shows. */
interface Scale {
  readonly place: (ratio: number) => number;
  readonly decades: readonly number[];
}

function scaleOf(report: Report): Scale {
  const ratios = report.workloads.flatMap((workload) => drawn(workload).flatMap((pass) => kinds.flatMap((kind) => ratioOf(report, pass, kind)?.ratio ?? [])));
  const low = Math.min(-1, ...ratios.map((ratio) => Math.floor(Math.log10(ratio))));
  const high = Math.max(2, ...ratios.map((ratio) => Math.ceil(Math.log10(ratio))));
  return {
    place: (ratio) => PLOT.left + ((PLOT.right - PLOT.left) * (Math.log10(ratio) - low)) / (high - low),
    decades: Array.from({ length: high - low + 1 }, (_, n) => low + n),
  };
}

function ratioOf(report: Report, pass: PassReport, kind: PeerKind): { readonly ratio: number; readonly name: string } | undefined {
  const best = bestPeer(report, pass, kind);
  return best && { ratio: best.medianUs / ourBest(pass).medianUs, name: best.name };
}

function header(report: Report): string[] {
  const versions = report.peers.map(({ name, versions: v }) => `${name} ${Object.values(v)[0] ?? '(absent)'}`).join(' · ');
  return [
    text(12, 26, 'How many times faster than the best peer, one thread', 'title'),
    text(12, 46, versions, 'quiet'),
    text(12, TOP - 30, 'a peer\'s median time of a call over ours, arrays bound once', 'quiet'),
    ...kinds.flatMap((kind) => {
      const x = NUMBERS[kind] - 46;
      return [mark(kind, x, TOP - 34), text(x + 9, TOP - 30, kindShown[kind], kind)];
    }),
  ];
}

function axis({ place, decades }: Scale, bottom: number): string[] {
  const every = Math.ceil(LABEL / (place(10) - place(1)));
  return decades.flatMap((decade) => {
    const x = fixed(place(10 ** decade));
    const label = decade < 0 ? (10 ** decade).toFixed(-decade) : (10 ** decade).toLocaleString('en');
    return [
      `<line ${attributes({ class: decade === 0 ? 'even' : 'grid', x1: x, x2: x, y1: TOP - 2, y2: bottom })}/>`,
      ...(decade % every === 0 ? [text(x, TOP - 10, `${label}×`, 'quiet', 'middle')] : []),
    ];
  });
}

function row(report: Report, workload: WorkloadReport, pass: PassReport, top: number, { place }: Scale): string[] {
  const middle = top + ROW / 2;
  const base = middle + 4;
  const found = kinds.flatMap((kind) => {
    const best = ratioOf(report, pass, kind);
    return best ? [{ kind, ...best }] : [];
  });
  const reach = [1, ...found.map(({ ratio }) => ratio)].map(place);
  const absent = kinds.filter((kind) => !found.some((f) => f.kind === kind));
  return [
    ...(pass.pass === 'forward' ? [text(12, base, workload.label)] : []),
    text(PLOT.left - 8, base, passShown[pass.pass]!, 'quiet', 'end'),
    `<line ${attributes({ class: 'grid', x1: fixed(Math.min(...reach)), x2: fixed(Math.max(...reach)), y1: middle, y2: middle })}/>`,
    ...found.flatMap(({ kind, ratio, name }) => [
      mark(kind, place(ratio), middle),
      text(NUMBERS[kind], base, times(ratio), kind, 'end'),
      text(NUMBERS[kind] + 6, base, name, 'quiet'),
    ]),
    ...absent.map((kind) => text(NUMBERS[kind], base, '–', 'quiet', 'end')),
  ];
}

/** A disc for JavaScript, a diamond for WebAssembly: they differ without their colours. */
function mark(kind: PeerKind, x: number, y: number): string {
  if (kind === 'js') return `<circle ${attributes({ class: kind, cx: fixed(x), cy: y, r: 3.5 })}/>`;
  return `<path ${attributes({ class: kind, d: `M${fixed(x)} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z` })}/>`;
}

function text(x: number, y: number, content: string, kind?: string, anchor?: 'middle' | 'end'): string {
  const where = { x, y, ...(kind === undefined ? {} : { class: kind }), ...(anchor === undefined ? {} : { 'text-anchor': anchor }) };
  return `<text ${attributes(where)}>${escape(content)}</text>`;
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values).map(([name, value]) => `${name}="${escape(String(value))}"`).join(' ');

const escape = (s: string): string => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const fixed = (x: number): number => Number(x.toFixed(1));

/**
 * The report as an SVG: for each pass of each workload how many times faster ours is than the best peers, in TypeScript than those in
 * JavaScript and in WebAssembly, in WebAssembly than those there and than PyTorch, on a logarithmic axis, with the numbers beside it.
 * Follows the reader's light or dark scheme.
 */
import { bestPeer, ourBest } from './report.ts';
import type { PassReport, PassShown, PeerKind, Report, WorkloadReport } from './report.ts';
import { times } from './table.ts';

const PLOT = { left: 278, right: 600 } as const;

/** Ours in one target beside the best peer of a kind. */
interface Series {
  readonly name: 'js' | 'wasm' | 'lanes' | 'native';
  readonly ours: 'ts' | 'wasm';
  readonly peers: PeerKind;
  readonly shown: string;
  /** Where the ratio ends; the peer's name starts beside it, where it does not stand there already. */
  readonly at: number;
  readonly isNamed: boolean;
  /** Where the series ends. */
  readonly right: number;
}

const allSeries: readonly Series[] = [
  { name: 'js', ours: 'ts', peers: 'js', shown: 'JavaScript', at: 662, isNamed: true, right: 736 },
  { name: 'wasm', ours: 'ts', peers: 'wasm', shown: 'WebAssembly', at: 786, isNamed: true, right: 860 },
  { name: 'lanes', ours: 'wasm', peers: 'wasm', shown: 'WebAssembly', at: 912, isNamed: false, right: 960 },
  { name: 'native', ours: 'wasm', peers: 'native', shown: 'PyTorch', at: 1010, isNamed: false, right: 1040 },
];
const TOP = 112;
const ROW = 15;
const GROUP = 24;
/** The room of a label of the axis. */
const LABEL = 60;
const targetShown = { ts: 'TypeScript against', wasm: 'WebAssembly against' } as const;
const passShown: Readonly<Partial<Record<PassShown, string>>> = { forward: 'fwd', backward: 'bwd' };

const STYLE = [
  'text { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #24292f }',
  '.title { font: 600 15px system-ui, sans-serif } .group { font-weight: 600 } .quiet { fill: #6e7781 }',
  '.paper { fill: #ffffff } .grid { stroke: #d8dee4 } .even { stroke: #57606a; stroke-width: 1.5 }',
  '.js { fill: #0969da; stroke: #0969da } .wasm { fill: #bc4c00; stroke: #bc4c00 }',
  '.lanes { fill: #1a7f37; stroke: #1a7f37 } .native { fill: #8250df; stroke: #8250df } text.js, text.wasm, text.lanes, text.native { stroke: none }',
  '@media (prefers-color-scheme: dark) {',
  '  text { fill: #e6edf3 } .quiet { fill: #8b949e } .paper { fill: #0d1117 } .grid { stroke: #30363d } .even { stroke: #8b949e }',
  '  .js { fill: #58a6ff; stroke: #58a6ff } .wasm { fill: #f0883e; stroke: #f0883e }',
  '  .lanes { fill: #3fb950; stroke: #3fb950 } .native { fill: #a371f7; stroke: #a371f7 }',
  '}',
];

export function drawChart(report: Report): string {
  const series = allSeries.filter((s) => report.workloads.some((w) => drawn(w).some((pass) => ratioOf(report, pass, s))));
  const width = Math.max(...allSeries.filter((s) => s.ours === 'ts' || series.includes(s)).map((s) => s.right));
  const scale = scaleOf(report, series);
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
      body.push(...row(report, workload, pass, y, scale, series));
      y += ROW;
    }
  }
  const height = y + 44;
  const frame = { 'xmlns': 'http://www.w3.org/2000/svg', 'viewBox': `0 0 ${width} ${height}`, width, 'height': height, 'role': 'img' };
  return [
    `<svg ${attributes({ ...frame, 'aria-label': 'Speed of the kernels against the best peers' })}>`,
    '<style>', ...STYLE, '</style>',
    `<rect ${attributes({ class: 'paper', width, height, rx: 6 })}/>`,
    ...header(report, series), ...axis(scale, y), ...body,
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

function scaleOf(report: Report, series: readonly Series[]): Scale {
  const ratios = report.workloads.flatMap((workload) => drawn(workload).flatMap((pass) => series.flatMap((s) => ratioOf(report, pass, s)?.ratio ?? [])));
  const low = Math.min(-1, ...ratios.map((ratio) => Math.floor(Math.log10(ratio))));
  const high = Math.max(2, ...ratios.map((ratio) => Math.ceil(Math.log10(ratio))));
  return {
    place: (ratio) => PLOT.left + ((PLOT.right - PLOT.left) * (Math.log10(ratio) - low)) / (high - low),
    decades: Array.from({ length: high - low + 1 }, (_, n) => low + n),
  };
}

function ratioOf(report: Report, pass: PassReport, { peers, ours: target }: Series): { readonly ratio: number; readonly name: string } | undefined {
  const [best, ours] = [bestPeer(report, pass, peers), ourBest(pass, target)];
  return best && ours && { ratio: best.medianUs / ours.medianUs, name: best.name };
}

function header(report: Report, series: readonly Series[]): string[] {
  const versions = report.peers.map(({ name, versions: v }) => `${name} ${Object.values(v)[0] ?? '(absent)'}`).join(' · ');
  return [
    text(12, 26, 'How many times faster than the best peer, one thread', 'title'),
    text(12, 46, versions, 'quiet'),
    text(12, TOP - 30, 'a peer\'s median time of a call over ours, arrays bound once', 'quiet'),
    ...series.flatMap((s, n) => {
      const x = s.at - 46;
      const isFirst = series[n - 1]?.ours !== s.ours;
      return [...(isFirst ? [text(x - 4, TOP - 50, targetShown[s.ours], 'group')] : []), mark(s.name, x, TOP - 34), text(x + 9, TOP - 30, s.shown, s.name)];
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

function row(report: Report, workload: WorkloadReport, pass: PassReport, top: number, { place }: Scale, series: readonly Series[]): string[] {
  const middle = top + ROW / 2;
  const base = middle + 4;
  const found = series.flatMap((s) => {
    const best = ratioOf(report, pass, s);
    return best ? [{ s, ...best }] : [];
  });
  const reach = [1, ...found.map(({ ratio }) => ratio)].map(place);
  const absent = series.filter((s) => !found.some((f) => f.s === s));
  return [
    ...(pass.pass === 'forward' ? [text(12, base, workload.label)] : []),
    text(PLOT.left - 8, base, passShown[pass.pass]!, 'quiet', 'end'),
    `<line ${attributes({ class: 'grid', x1: fixed(Math.min(...reach)), x2: fixed(Math.max(...reach)), y1: middle, y2: middle })}/>`,
    ...found.flatMap(({ s, ratio, name }) => [
      mark(s.name, place(ratio), middle),
      text(s.at, base, times(ratio), s.name, 'end'),
      ...(s.isNamed ? [text(s.at + 6, base, name, 'quiet')] : []),
    ]),
    ...absent.map((s) => text(s.at, base, '–', 'quiet', 'end')),
  ];
}

/** A disc, a diamond, a square, a triangle: the series differ without their colours. */
function mark(name: Series['name'], x: number, y: number): string {
  switch (name) {
    case 'js': return `<circle ${attributes({ class: name, cx: fixed(x), cy: y, r: 3.5 })}/>`;
    case 'wasm': return `<path ${attributes({ class: name, d: `M${fixed(x)} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z` })}/>`;
    case 'lanes': return `<rect ${attributes({ class: name, x: fixed(x - 3.5), y: y - 3.5, width: 7, height: 7 })}/>`;
    case 'native': return `<path ${attributes({ class: name, d: `M${fixed(x)} ${y - 4.5}l4.5 8h-9z` })}/>`;
    default: return name satisfies never;
  }
}

function text(x: number, y: number, content: string, kind?: string, anchor?: 'middle' | 'end'): string {
  const where = { x, y, ...(kind === undefined ? {} : { class: kind }), ...(anchor === undefined ? {} : { 'text-anchor': anchor }) };
  return `<text ${attributes(where)}>${escape(content)}</text>`;
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values).map(([name, value]) => `${name}="${escape(String(value))}"`).join(' ');

const escape = (s: string): string => s.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const fixed = (x: number): number => Number(x.toFixed(1));

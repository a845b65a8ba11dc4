/**
 * What a person writes at first: straightforward loops over the arrays, one output after the other. Its numbers are held
 * against the kernel's before it is timed beside it. Formulas: CS231n, conv_forward_naive and layernorm_forward.
 */
import type { Kernel, Spec } from './workload.ts';

type Arrays = Readonly<Record<string, Float32Array>>;
type Numbers = Readonly<Record<string, number>>;
type Layer = Readonly<Record<'forward' | 'backward', (a: Arrays, sizes: Numbers, options: Numbers) => void>>;

const layers: Readonly<Record<string, Layer>> = {
  conv2d: { forward: convForward, backward: convBackward },
  layernorm: { forward: normForward, backward: normBackward },
};

/** Above this, in parts of the largest number, the two do not compute the same. */
const TOLERANCE = 1e-5;

/**
 * The naive form of one pass, if there is one, over the kernel's own inputs and outputs of its own.
 * @throws Error naming the tensor in which it differs from what the kernel has just written
 */
export function naiveOf(kernel: Kernel, pass: string, values: ReadonlyMap<string, unknown>): (() => void) | undefined {
  const { spec } = kernel;
  const run = pass === 'forward' || pass === 'backward' ? layers[spec.layer]?.[pass] : undefined;
  if (!run) return undefined;
  const arrays: Record<string, Float32Array> = {};
  const written: string[] = [];
  for (const [name, { role }] of Object.entries(spec.tensors)) {
    const given = values.get(name) as Float32Array;
    const isWritten = role === (pass === 'forward' ? 'output' : 'gradient');
    arrays[name] = isWritten ? new Float32Array(given.length) : given;
    if (isWritten) written.push(name);
  }
  const call = (): void => run(arrays, spec.sizes, numbersOf(spec));
  call();
  for (const name of written) compare(`${spec.layer}: ${name}`, arrays[name]!, values.get(name) as Float32Array);
  return call;
}

const numbersOf = (spec: Spec): Numbers => Object.fromEntries(Object.entries(spec.options).filter((o): o is [string, number] => typeof o[1] === 'number'));

function compare(what: string, naive: Float32Array, kernel: Float32Array): void {
  const scale = naive.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const at = naive.findIndex((v, n) => !(Math.abs(v - kernel[n]!) <= TOLERANCE * scale));
  if (at >= 0) throw new Error(`${what}[${at}] is ${kernel[at]}, the naive loops give ${naive[at]}`);
}

/** Visits every place of a convolution that lies inside: the index of out, x and w. x: [N, C, H, W], w: [F, C, HH, WW]. */
function visit(sizes: Numbers, options: Numbers, use: (out: number, x: number, w: number, f: number) => void): void {
  const { N, C, H, W, F, HH, WW, OH, OW } = sizes as Record<string, number> & Numbers;
  const { stride, pad } = options;
  for (let n = 0; n < N!; n++) for (let f = 0; f < F!; f++) for (let oh = 0; oh < OH!; oh++) for (let ow = 0; ow < OW!; ow++) {
    const out = ((n * F! + f) * OH! + oh) * OW! + ow;
    for (let c = 0; c < C!; c++) for (let hh = 0; hh < HH!; hh++) for (let ww = 0; ww < WW!; ww++) {
      const h = oh * stride! + hh - pad!;
      const w = ow * stride! + ww - pad!;
      if (h >= 0 && h < H! && w >= 0 && w < W!) use(out, ((n * C! + c) * H! + h) * W! + w, ((f * C! + c) * HH! + hh) * WW! + ww, f);
    }
  }
}

function convForward({ x, w, b, out }: Arrays, sizes: Numbers, options: Numbers): void {
  const plane = sizes['OH']! * sizes['OW']!;
  const sums = new Float64Array(out!.length).map((_, n) => b![Math.floor(n / plane) % sizes['F']!]!);
  visit(sizes, options, (o, i, k) => { sums[o]! += x![i]! * w![k]!; });
  out!.set(sums);
}

function convBackward({ dout, x, w, dx, dw, db }: Arrays, sizes: Numbers, options: Numbers): void {
  const [sumX, sumW, sumB] = [new Float64Array(dx!.length), new Float64Array(dw!.length), new Float64Array(db!.length)];
  visit(sizes, options, (o, i, k) => {
    sumX[i]! += dout![o]! * w![k]!;
    sumW[k]! += dout![o]! * x![i]!;
  });
  const plane = sizes['OH']! * sizes['OW']!;
  dout!.forEach((v, n) => { sumB[Math.floor(n / plane) % sizes['F']!]! += v; });
  dx!.set(sumX);
  dw!.set(sumW);
  db!.set(sumB);
}

/** mu and 1 / sqrt(var + eps) of a row of [N, D]. */
function moments(x: Float32Array, row: number, D: number, eps: number): { mu: number; rstd: number } {
  let mu = 0;
  for (let d = 0; d < D; d++) mu += x[row + d]!;
  mu /= D;
  let variance = 0;
  for (let d = 0; d < D; d++) variance += (x[row + d]! - mu) ** 2;
  return { mu, rstd: 1 / Math.sqrt(variance / D + eps) };
}

function normForward({ x, gamma, beta, out }: Arrays, { N, D }: Numbers, { eps }: Numbers): void {
  for (let n = 0; n < N!; n++) {
    const { mu, rstd } = moments(x!, n * D!, D!, eps!);
    for (let d = 0; d < D!; d++) out![n * D! + d] = gamma![d]! * (x![n * D! + d]! - mu) * rstd + beta![d]!;
  }
}

function normBackward({ dout, x, gamma, dx, dgamma, dbeta }: Arrays, { N, D }: Numbers, { eps }: Numbers): void {
  const [sumGamma, sumBeta] = [new Float64Array(D!), new Float64Array(D!)];
  for (let n = 0; n < N!; n++) {
    const { mu, rstd } = moments(x!, n * D!, D!, eps!);
    let sum = 0;
    let dot = 0;
    for (let d = 0; d < D!; d++) {
      const at = n * D! + d;
      const xhat = (x![at]! - mu) * rstd;
      sum += gamma![d]! * dout![at]!;
      dot += gamma![d]! * dout![at]! * xhat;
      sumGamma[d]! += dout![at]! * xhat;
      sumBeta[d]! += dout![at]!;
    }
    for (let d = 0; d < D!; d++) {
      const at = n * D! + d;
      dx![at] = rstd * (gamma![d]! * dout![at]! - sum / D! - ((x![at]! - mu) * rstd * dot) / D!);
    }
  }
  dgamma!.set(sumGamma);
  dbeta!.set(sumBeta);
}

/** Compiles a layer for one shape and imports what comes out, in memory: the path that a build takes, without the disk. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { compileKernel } from '../../compiler/index.ts';
import type { Source } from '../../compiler/support/source.ts';
import type { Kernel } from '../../runtime/index.ts';

export interface Request {
  readonly layer: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly dtype?: 'f32' | 'f64';
  readonly staged?: boolean;
}

/** A generated module; its functions by name. */
export type Module = Kernel & Readonly<Record<string, unknown>>;

const specs = new URL('../../specs/', import.meta.url);
const made = new Map<string, Promise<Module>>();

/** The statistics of a norm as outputs. */
const statistics = (shape: string, reduce: string, kept: string): string => `extends: normalization
inputs: { x: ${shape} }
params: { gamma: ${kept}, beta: ${kept} }
outputs: { out: ${shape}, mu: ${kept}, var: ${kept} }
reduce: ${reduce}
`;

/** Layers that stand only here: those that ship, with more of what they compute as outputs, or with given chances. */
const OWN = new Map<string, string>([
  ['batchnorm_statistics', statistics('[N, D]', '[N]', '[D]')],
  ['spatial_batchnorm_statistics', statistics('[N, C, H, W]', '[N, H, W]', '[C]')],
  ['softmax_probs', 'extends: softmax_loss\noutputs: { out: [], probs: [N, C] }\n'],
  ['dropout_given', `options: { p: 0.5 }
inputs: { x: [N, D], u: [N, D] }
outputs: { out: [N, D], mask: [N, D] }
forward:
  mask: where(u < p, 1 / p, 0)
  out: x * mask
cache: [mask]
`],
]);

export function sourceOf(layer: string): Source {
  const path = `${layer}.layer.yaml`;
  const own = OWN.get(layer);
  return { path, text: own ? `layer: ${layer}\nsummary: For a test.\n${own}` : readFileSync(new URL(path, specs), 'utf8') };
}

/** The text of a module as a data: URL, types removed. */
const urlOf = (text: string): string => {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  return `data:text/javascript,${encodeURIComponent(outputText)}`;
};

async function make(request: Request): Promise<Module> {
  const { files } = compileKernel({ name: 'kernel', load: sourceOf, source: sourceOf(request.layer), ...request });
  return await import(urlOf(files[0]!.text)) as Module;
}

/** The generated module; compiled once for each request. */
export function kernelOf(request: Request): Promise<Module> {
  const key = JSON.stringify(request);
  const known = made.get(key) ?? make(request);
  made.set(key, known);
  return known;
}

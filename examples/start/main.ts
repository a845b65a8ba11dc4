/**
 * `npm start`: what this project is for, on real input. Compiles the six layers of a small net, shows the backward of batch
 * norm that the compiler derived, runs a batch of handwritten digits forward and backward, holds every number against the
 * oracle, and trains for a few steps. Exit code 1 when a number is off or the loss does not fall.
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { write } from '../../cli/build.ts';
import { openLibrary } from '../../cli/library.ts';
import { compileProject, findProject, type Project } from '../../cli/project.ts';
import { explain } from '../../compiler/index.ts';
import type { Kernel } from '../../runtime/index.ts';
import { check, remember, type Check } from './check.ts';
import { drawDigit, readDigits } from './digits.ts';
import { backward, chain, descend, feed, forward, type Step } from './net.ts';
import { openProgress, table } from './print.ts';

const BATCH = 32;
const STEPS = 40;
const RATE = 0.02;
/** What may be lost: f32 keeps 6e-8 of a number. */
const TOLERANCE = 1e-6;

const root = fileURLToPath(new URL('../..', import.meta.url));
const terminal = openProgress();
const say = (text = ''): void => terminal.print(text);

/** What a generated module exports for a layer. */
type Module = Kernel & { readonly createCache: unknown; readonly bind: unknown };

/** Compiles kernels.yaml beside this file and writes the modules to build/start/. */
function buildKernels(): Project {
  const place = findProject(fileURLToPath(new URL('kernels.yaml', import.meta.url)));
  const project = compileProject(place, join(root, 'build/start'), terminal);
  write(project);
  return project;
}

/** Of each module what a layer needs. A bundler that sees the names of an import drops the plain functions; of a whole namespace, nothing. */
async function importKernels(project: Project): Promise<Record<string, Kernel>> {
  const kernels: Record<string, Kernel> = {};
  for (const { compiled: { name } } of project.build.kernels) {
    const { spec, createCache, bind } = await import(pathToFileURL(join(project.out, `${name}.ts`)).href) as Module;
    kernels[name] = { spec, createCache, bind } as Kernel;
  }
  return kernels;
}

function showDerivation(): void {
  const library = openLibrary();
  const source = library.load('batchnorm')!;
  say('The backward of batchnorm, derived from its forward:\n');
  say(String(explain({ source, load: (layer) => library.load(layer), mode: 'train' })));
}

/** The middle of nine runs, after three to warm up. */
function median(run: () => void): number {
  const times = Array.from({ length: 12 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).slice(3).sort((a, b) => a - b);
  return times[4]!;
}

/** One pass through the net in train mode, checked layer by layer. @returns whether every number holds */
function checkNet(steps: readonly Step[], project: Project): boolean {
  const before = steps.map(remember);
  const loss = forward(steps);
  backward(steps);
  const checks: Check[] = steps.map((step, i) => {
    const { modes } = project.build.kernels[i]!.compiled.derived;
    return check(step, before[i]!, (modes.find((m) => m.mode !== 'test') ?? modes[0]!).oracle);
  });
  const rows = steps.map(({ name, layer }, i) => {
    const { spec } = layer.kernel;
    const shape = (tensor: string): string => `[${spec.tensors[tensor]!.shape.join(', ')}]`;
    return [
      name, spec.layer, `${shape('x')} -> ${shape('out')}`,
      median(() => layer.forward()).toFixed(3), median(() => layer.backward()).toFixed(3),
      String(checks[i]!.numbers), checks[i]!.error.toExponential(1), checks[i]!.tensor,
    ];
  });
  say(table(['kernel', 'layer', 'shape', 'fwd ms', 'bwd ms', 'numbers', 'max error', 'of'], rows,
    ['fwd ms', 'bwd ms', 'numbers', 'max error']));
  const good = checks.every((c) => c.error <= TOLERANCE);
  say(`\nloss ${loss.toFixed(4)} (ln 10 = 2.3026 is guessing); max error: of outputs, running statistics and every gradient`);
  say(`against the oracle in f64, relative to the largest number of the tensor: ${good ? 'all' : 'NOT all'} within 1e-6`);
  return good;
}

/** @returns whether the loss fell */
function train(steps: readonly Step[]): boolean {
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    feed(steps, readDigits(step * BATCH, BATCH));
    losses.push(forward(steps));
    backward(steps);
    descend(steps, RATE);
  }
  const mean = (from: number): number => losses.slice(from, from + STEPS / 4).reduce((sum, loss) => sum + loss, 0) / (STEPS / 4);
  const quarters = [0, 1, 2, 3].map((quarter) => mean(quarter * STEPS / 4));
  say(`\n${STEPS} steps of gradient descent, ${BATCH} new digits each; mean loss of each quarter: ${quarters.map((q) => q.toFixed(3)).join(' -> ')}`);
  return quarters[3]! < 0.7 * quarters[0]!;
}

async function main(): Promise<void> {
  const started = performance.now();
  const project = buildKernels();
  say(`${project.build.kernels.length} kernels compiled to build/start in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  showDerivation();

  const digits = readDigits(0, BATCH);
  say(`\n${BATCH} digits; the first, a ${digits.labels[0]}:\n`);
  say(drawDigit(digits, 0).filter((line) => line !== '').join('\n'));
  say();
  const steps = chain(await importKernels(project));
  feed(steps, digits);
  const exact = checkNet(steps, project);
  const learns = train(steps);
  if (!learns) say('the loss did NOT fall');
  say(`\n${exact && learns ? 'everything holds' : 'FAILED'}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  process.exitCode = exact && learns ? 0 : 1;
}

await main();

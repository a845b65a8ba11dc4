/** `kernelwright new`: a spec to start from, which compiles as it stands: a norm, with what to change marked. */
import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { explain } from '../compiler/index.ts';
import type { Source } from '../compiler/support/source.ts';
import type { Command } from './command.ts';
import { shownPath, writeAll } from './files.ts';
import { openLibrary, packageFolder } from './library.ts';

export const newCommand: Command = {
  name: 'new',
  usage: 'LAYER',
  about: 'write specs/LAYER.layer.yaml, a normalisation layer to start from',
  flags: {},
  positionals: [1, 1, 'the name of the layer'],
  run(args, terminal) {
    const layer = args.positionals[0]!;
    if (!/^[a-z][A-Za-z0-9_]{0,63}$/.test(layer)) {
      throw new DiagnosticError([{ code: 'layer-name', message: `\`${layer.slice(0, 60)}\` cannot name a layer`,
        help: 'write a small letter, then letters, digits and underscores: `my_norm`' }]);
    }
    const folder = resolve('specs');
    const path = join(folder, `${layer}.layer.yaml`);
    if (existsSync(path)) throw new DiagnosticError([{ code: 'file-exists', message: `\`${shownPath(path)}\` exists already` }]);
    if (openLibrary(process.cwd()).load(layer)) {
      throw new DiagnosticError([{ code: 'file-exists', message: `a layer \`${layer}\` ships with kernelwright`, help: 'choose another name' }]);
    }
    const text = skeleton(layer, schemaPath(folder));
    mustRead(layer, { path: shownPath(path), text });
    writeAll([{ path, text }]);
    if (terminal.json) terminal.print(JSON.stringify({ ok: true, file: shownPath(path) }, undefined, 2));
    else terminal.print(`${shownPath(path)} written. Next: kernelwright explain ${layer}`);
    return 0;
  },
};

/** What is written compiles as it stands. @throws DiagnosticError for a name that JavaScript has taken */
function mustRead(layer: string, source: Source): void {
  try {
    explain({ source, load: () => undefined });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    throw new DiagnosticError([{ code: 'layer-name', message: `\`${layer}\` cannot name a layer: ${error.diagnostics[0]!.message}`, help: 'choose another name' }]);
  }
}

/** How an editor finds the schema from the folder of the spec. */
function schemaPath(folder: string): string {
  const path = relative(folder, join(packageFolder(), 'specs', 'schema.json')).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

const skeleton = (layer: string, schema: string): string => `# yaml-language-server: $schema=${schema}
# Forward only: the backward is derived. \`kernelwright explain ${layer}\` prints it.
layer: ${layer}
summary: Say in a line what it does, and who published it.
options: { eps: 1.0e-5 }            # numbers that an entry of kernels.yaml may override
inputs:  { x: [N, D] }              # axes are names; their sizes stand in kernels.yaml
params:  { gamma: { shape: [D], init: 1 }, beta: [D] }
outputs: { out: [N, D] }
reduce:  [D]                        # what a mean(...) without axes runs over; [N] makes it a batch norm
forward:
  mu:   mean(x)                     # one number a row: x has N and D, the mean takes D away
  var:  mean((x - mu)^2)
  rstd: 1 / sqrt(var + eps)
  xhat: (x - mu) * rstd             # tensors broadcast by the names of their axes
  out:  gamma * xhat + beta
cache: [xhat, rstd]                 # what the backward may keep; \`auto\` lets the compiler choose
`;

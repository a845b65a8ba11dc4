/** `kernelwright explain`: what a layer computes, its derived gradient, and how the compiler came by it. */
import { DiagnosticError } from '../compiler/diagnostics/diagnostic.ts';
import { explain } from '../compiler/index.ts';
import { closest } from '../compiler/support/suggest.ts';
import { parseOptions, parseSizes, parseTarget } from './arguments.ts';
import type { Command } from './command.ts';
import { findLayer } from './library.ts';
import { askedStages, stageFlags } from './stages.ts';

export const explainCommand: Command = {
  name: 'explain',
  usage: 'LAYER',
  about: 'print the formulas of a layer, its derived gradient, the steps that led there, passes, flops and bytes',
  flags: {
    sizes: { value: 'N=4,D=5', about: 'sizes of its axes; without them small ones are chosen', many: true },
    options: { value: 'pad=1', about: 'options that differ from the spec\'s', many: true },
    mode: { value: 'train|test', about: 'one mode only' },
    only: { value: 'dx', about: 'one definition only' },
    emit: stageFlags['emit']!,
    target: { value: 'ts|wasm', about: 'what the loops are written in; wasm where `--emit` asks for wat', many: true },
  },
  positionals: [1, 1, 'the name of a layer'],
  run(args, terminal) {
    const { spec, library } = findLayer(args.positionals[0]!);
    if (!spec) throw new DiagnosticError([unknownLayer(args.positionals[0]!, library.names())]);
    const mode = args.get('mode');
    if (mode !== undefined && mode !== 'train' && mode !== 'test') {
      throw new DiagnosticError([{ code: 'flag-value', message: `\`--mode\` cannot be \`${mode}\``, help: 'write train or test' }]);
    }
    const stages = askedStages(args);
    const only = args.get('only');
    const target = args.has('target') ? parseTarget(args.get('target')!) : stages.includes('wat') ? 'wasm' : 'ts';
    const text = explain({
      source: spec,
      load: (layer) => library.load(layer),
      ...(args.has('sizes') ? { sizes: parseSizes(args.get('sizes')) } : {}),
      ...(args.has('options') ? { options: parseOptions(args.get('options')) } : {}),
      ...(mode === undefined ? {} : { mode }),
      ...(stages.length === 0 ? {} : { stages }),
      ...(only === undefined ? {} : { only }),
      target, json: terminal.json,
    });
    terminal.print(typeof text === 'string' ? text : JSON.stringify(text, undefined, 2));
    return 0;
  },
};

function unknownLayer(asked: string, names: readonly string[]): ConstructorParameters<typeof DiagnosticError>[0][number] {
  const near = closest(asked, names);
  return { code: 'unknown-layer', message: `there is no layer \`${asked.slice(0, 60)}\``,
    help: near ? `did you mean \`${near}\`?` : `the layers are ${names.join(', ')}` };
}

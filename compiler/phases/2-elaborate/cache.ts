/** What `cache` lists: definitions, inputs, and the hits of a max or min, each of which must exist in every mode. */
import { entryName } from '../../ir/derived.ts';
import type { SpecCacheEntry } from '../../ir/spec.ts';
import type { CacheEntry, Layer } from '../../ir/tensor.ts';
import { didYouMean, maybe } from './context.ts';
import type { LayerScope, ModeScope } from './scope.ts';
import { givenTensors } from './tensors.ts';

/** The entries in order, each once; parameters and integer inputs are left out, since backward is given those anyway. */
export function elaborateCache(layer: LayerScope, modes: readonly ModeScope[]): Layer['cache'] {
  const { cache } = layer.spec;
  if (!cache || cache.kind === 'auto') return 'auto';
  const entries: CacheEntry[] = [];
  for (const e of cache.entries) {
    const entry = e.kind === 'hit' ? hitEntry(e.of, e, layer, modes) : namedEntry(e.name, e, layer, modes);
    if (entry && !entries.some((x) => entryName(x) === entryName(entry))) entries.push(entry);
  }
  return entries;
}

function namedEntry(name: string, e: SpecCacheEntry, layer: LayerScope, modes: readonly ModeScope[]): CacheEntry | undefined {
  const { span } = e;
  const given = givenTensors(layer.tensors).find((t) => t.name === name);
  if (given?.role === 'param' || given?.dtype === 'i32') return undefined;
  if (given?.role === 'input') return { kind: 'input', name, span };
  if (given) {
    layer.problems.add({
      code: 'cache-unknown', span,
      message: given.role === 'state' ? `\`${name}\` is state, which changes between forward and backward` : `\`${name}\` is a random tensor, which backward draws again`,
      help: given.role === 'state' ? `cache a definition that copies it: \`kept: ${name}\`` : 'leave it out',
    });
    return undefined;
  }
  return exists(name, e, layer, modes) ? { kind: 'definition', name, span } : undefined;
}

function hitEntry(of: string, e: SpecCacheEntry, layer: LayerScope, modes: readonly ModeScope[]): CacheEntry | undefined {
  if (!exists(of, e, layer, modes)) return undefined;
  const wrong = modes.some((s) => {
    const formula = s.done.get(of)?.formula;
    return formula && (formula.kind !== 'reduce' || (formula.op !== 'max' && formula.op !== 'min'));
  });
  if (!wrong) return { kind: 'hit', of, span: e.span };
  layer.problems.add({
    code: 'cache-hit', span: e.span, message: `\`${of}\` is no max or min over axes, so it has no hits`,
    help: 'give the maximum a line of its own and cache the hits of that',
  });
  return undefined;
}

/** Is it a definition, in every mode? Reports where not; broken definitions have been reported. */
function exists(name: string, e: SpecCacheEntry, layer: LayerScope, modes: readonly ModeScope[]): boolean {
  const { spec, problems, tensors } = layer;
  if (!spec.forward.some((d) => d.name.value === name)) {
    const candidates = [...spec.forward.map((d) => d.name.value), ...(e.kind === 'hit' ? [] : tensors.inputs.map((t) => t.name))];
    problems.add({
      code: 'cache-unknown', span: e.span, message: e.kind === 'hit' ? `there is no definition \`${name}\` whose hits could be cached` : `there is no definition or input \`${name}\` to cache`, ...maybe('help', didYouMean(name, candidates)),
    });
    return false;
  }
  const lacking = modes.find((s) => s.absent.has(name));
  if (lacking) {
    problems.add({
      code: 'mode-cache', span: e.span, message: `\`${name}\` is cached, but has no value in ${lacking.mode} mode`,
      help: `give \`${name}\` a \`${lacking.mode}:\` formula`,
    });
  }
  return !lacking;
}

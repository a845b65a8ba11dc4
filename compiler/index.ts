/** The compiler as a library: no files are read or written here, nothing runs at import. */
import { explainData, explainText } from './explain.ts';
import type { Mode } from './ir/tensor.ts';
import { compileFront, Trace, type LayerRequest } from './pipeline.ts';

export { DiagnosticError, type Diagnostic } from './diagnostics/diagnostic.ts';
export { compileKernel, defaultName, type Compiled, type KernelRequest } from './compile.ts';
export type { Mode } from './ir/tensor.ts';
export { stageNames, type LayerRequest, type StageText } from './pipeline.ts';

export interface ExplainRequest extends LayerRequest {
  readonly mode?: Mode;
  /** Stages of the compiler to print instead. */
  readonly stages?: readonly string[];
  readonly only?: string;
  readonly json?: boolean;
}

/**
 * What a layer computes and how its backward was derived, as text, or as data with `json`.
 * @throws DiagnosticError if the spec, its sizes or its options are wrong
 */
export function explain(request: ExplainRequest): string | object {
  const trace = new Trace();
  const { derived } = compileFront(request, trace);
  if (request.stages && request.stages.length > 0) {
    const kept = trace.stages.filter((s) => request.stages!.includes(s.stage));
    return request.json ? kept.map(({ stage, text }) => ({ stage, text })) : kept.map((s) => `--- ${s.stage}\n${s.text}`).join('\n');
  }
  const modes = derived.modes.filter((m) => request.mode === undefined || m.mode === undefined || m.mode === request.mode);
  // Train mode last: it is the derivation people come for.
  const ordered = [...modes].sort((a, b) => Number(a.mode === 'train') - Number(b.mode === 'train'));
  if (request.json) return ordered.map((m) => explainData(derived, m));
  return ordered.map((m) => explainText(derived, m, request.only === undefined ? {} : { only: request.only })).join('\n');
}

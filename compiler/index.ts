/** The compiler as a library: no files are read or written here, nothing runs at import. */
import { compileKernel, type KernelRequest } from './compile.ts';
import { explainData, explainText } from './explain.ts';
import type { Mode } from './ir/tensor.ts';
import { compileFront, Trace, type LayerRequest, type StageText } from './pipeline.ts';

export { DiagnosticError, type Diagnostic } from './diagnostics/diagnostic.ts';
export { compileKernel, defaultName, openKernels, type Compiled, type KernelRequest, type OpenKernel } from './compile.ts';
export { Choices, type Candidate, type ChoicePoint } from './phases/5-schedule/choices.ts';
export type { Target } from './phases/6-emit/index.ts';
export { javascriptOf } from './phases/6-emit/ts/javascript.ts';
export type { Mode } from './ir/tensor.ts';
export type { LayerRequest, StageText } from './pipeline.ts';
export { stageNames } from './stages.ts';

/** The stages that follow the derivation. */
const backStages: readonly string[] = ['loops', 'wat', 'ts', 'test'];

export interface ExplainRequest extends LayerRequest, Pick<KernelRequest, 'target'> {
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
  if (request.stages && request.stages.length > 0) {
    const kept = stagesOf(request).filter((s) => request.stages!.includes(s.stage));
    return request.json ? kept.map(({ stage, text }) => ({ stage, text })) : kept.map((s) => `--- ${s.stage}\n${s.text}`).join('\n');
  }
  const { derived } = compileFront(request, new Trace());
  const modes = derived.modes.filter((m) => request.mode === undefined || m.mode === undefined || m.mode === request.mode);
  // Train mode last: it is the derivation people come for.
  const ordered = [...modes].sort((a, b) => Number(a.mode === 'train') - Number(b.mode === 'train'));
  if (request.json) return ordered.map((m) => explainData(derived, m));
  return ordered.map((m) => explainText(derived, m, request.only === undefined ? {} : { only: request.only })).join('\n');
}

/** What the stages print; those of the back end run only where one of them is asked for. */
function stagesOf(request: ExplainRequest): readonly StageText[] {
  if (request.stages!.some((s) => backStages.includes(s))) return compileKernel(request).stages;
  const trace = new Trace();
  compileFront(request, trace);
  return trace.stages;
}

/** Emitted TypeScript as JavaScript, for whoever runs it at once. */
import { ts } from 'ts-morph';

/** The text without its types; nothing is checked. */
export function javascriptOf(text: string): string {
  return ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText;
}

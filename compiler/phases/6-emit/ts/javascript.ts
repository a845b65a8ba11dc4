/** Emitted TypeScript as JavaScript, for whoever runs it at once. */
import { morph } from './morph.ts';

/** The text without its types, an import of `./x.ts` as one of `./x.js`; nothing is checked. */
export function javascriptOf(text: string): string {
  const { ts } = morph();
  return ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true },
  }).outputText;
}

/** Emitted TypeScript as JavaScript, for whoever runs it at once. */
import { ts } from 'ts-morph';

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true,
};

/** The text without its types, an import of `./x.ts` as one of `./x.js`; nothing is checked. */
export function javascriptOf(text: string): string {
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/**
 * The test that stands beside every kernel. It holds the text of the spec, so that it stands alone, and hands it with the
 * kernel to the library's proofs: the oracle is compiled from the spec when the test runs, never from the kernel.
 */
import type { CodeBlockWriter } from 'ts-morph';
import type { Derived } from '../../../ir/derived.ts';
import type { Source } from '../../../support/source.ts';
import { morph } from '../ts/morph.ts';
import { comment, property, quoted } from '../ts/text.ts';

/** Where the spec and what it extends can be had again. */
export interface TestSource {
  readonly source: Source;
  /** File names, as in `Spec.ancestors`. */
  readonly ancestors: readonly string[];
  readonly load: (layer: string) => Source | undefined;
}

export interface TestOptions {
  readonly name: string;
  readonly accumulate: boolean;
  readonly target: 'ts' | 'wasm';
  /** Numbers are kept in floats on the way. */
  readonly lanes: boolean;
}

/** How far from the oracle sums in lanes of floats may be, of the scale of what is summed. */
const LANES_TOLERANCE = 2e-6;

/** NAME.test.ts, or NAME.wasm.test.ts. */
export function emitTest(derived: Derived, options: TestOptions, from: TestSource): { path: string; text: string } {
  const { layer } = derived;
  const { IndentationText, Project, QuoteKind, StructureKind } = morph();
  const file = options.target === 'ts' ? options.name : `${options.name}.${options.target}`;
  const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true,
    manipulationSettings: { indentationText: IndentationText.TwoSpaces, quoteKind: QuoteKind.Single } });
  const ancestors = from.ancestors.map((file) => file.replace(/\.layer\.yaml$/, ''));
  const specs = [...ancestors.map((name) => [name, from.load(name)?.text ?? ''] as const)];
  const sizes = layer.givenAxes.map((a) => `${property(a)}: ${layer.env.sizes.get(a)}`).join(', ');
  const values = [...layer.env.options].map(([name, v]) => `${property(name)}: ${typeof v === 'number' ? v : quoted(v)}`).join(', ');
  const text = project.createSourceFile('kernel.test.ts', { statements: [
    (w) => {
      w.writeLine('/**');
      w.writeLine(` * Proves ${comment(file)}.ts. Generated from specs/${comment(layer.file)} - edit the spec, not this file.`);
      w.writeLine(' * Outputs and gradients against the oracle in doubles, the oracle against central differences, lengths and bounds.');
      w.writeLine(' */');
    },
    { kind: StructureKind.ImportDeclaration, moduleSpecifier: 'kernelwright/testing', namedImports: ['proofsOf'] },
    { kind: StructureKind.ImportDeclaration, moduleSpecifier: 'uvu', namedImports: ['test'] },
    { kind: StructureKind.ImportDeclaration, moduleSpecifier: `./${file}.js`, namespaceImport: 'kernel' },
    (w) => {
      w.newLine().write('const proofs = proofsOf(kernel, ').inlineBlock(() => {
        w.writeLine(`name: ${quoted(file)}, file: ${quoted(layer.file)}, dtype: ${quoted(layer.dtype)}, accumulate: ${options.accumulate},${
          options.lanes && layer.dtype === 'f32' ? ` tolerance: ${LANES_TOLERANCE},` : ''}`);
        w.writeLine(`sizes: { ${sizes} }, options: { ${values} },`);
        writeLines(w, 'spec', from.source.text);
        w.write('ancestors: ').inlineBlock(() => { for (const [name, body] of specs) writeLines(w, property(name), body); }).write(',').newLine();
      }).write(');').newLine();
      w.writeLine('for (const { name, prove } of proofs) test(name, prove);');
      w.writeLine('test.run();');
    },
  ] }).getFullText();
  return { path: `${file}.test.ts`, text };
}

/** A text as a list of its lines, which reads and diffs better than one long string. */
function writeLines(w: CodeBlockWriter, key: string, text: string): void {
  w.writeLine(`${key}: [`).indent(() => { for (const line of text.split('\n')) w.writeLine(`${quoted(line)},`); }).writeLine('],');
}

// Builds what is published into dist/: the sources file by file as ES modules, comments kept, so that a bundler takes of
// them what a page uses and nothing else; with a declaration beside each. dist/ has the folders of the sources.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import dts from 'rollup-plugin-dts';
import ts from 'typescript';

const root = fileURLToPath(new URL('.', import.meta.url));

// The packages of the users' side (generated/, runtime/) and of the tool's.
const entries = ['runtime/index.ts', 'generated/index.ts', 'compiler/index.ts', 'compiler/testing/index.ts', 'cli/main.ts', 'cli/tune/worker.ts'];

// Packages, and what Node has: all that is not a path.
const external = (id) => !id.startsWith('.') && !id.startsWith(root);

// Types go, everything else stays as it was written.
const typescript = {
  name: 'typescript',
  resolveId(id, importer) {
    // A generated index names its modules as they will be, `./x.js`; here they are x.ts.
    if (!importer || !/^\..*\.[jt]s$/.test(id)) return null;
    const path = fileURLToPath(new URL(id.replace(/js$/, 'ts'), `file://${importer}`));
    return existsSync(path) ? path : null;
  },
  transform(code, id) {
    if (!id.endsWith('.ts')) return null;
    const { outputText, sourceMapText } = ts.transpileModule(code, {
      fileName: id,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, sourceMap: true,
      },
    });
    return { code: outputText.replace(/\n\/\/# sourceMappingURL.*\n?$/, '\n'), map: sourceMapText };
  },
};

/** The two builds, scripts and declarations, of some of the entries into a folder. */
export function builds(chosen, dir) {
  const input = Object.fromEntries(chosen.map((file) => [file.replace(/\.ts$/, ''), root + file]));
  const output = (ending) => ({
    dir, format: 'es', preserveModules: true, preserveModulesRoot: root, entryFileNames: `[name].${ending}`,
  });
  // Types alone leave an empty file; that is no news.
  const onwarn = (warning, warn) => { if (warning.code !== 'EMPTY_BUNDLE') warn(warning); };
  return [
    { input, external, onwarn, output: output('js'), plugins: [typescript] },
    { input, external, onwarn, output: output('d.ts'), plugins: [{ ...typescript, transform: undefined }, dts()] },
  ];
}

export default builds(entries, 'dist');

/**
 * The layers of this folder as kernels: each compiles in both types, is imported, and passes the proofs of its own
 * generated test.
 */
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compileKernel } from '../../compiler/index.ts';
import { randomFrom } from '../../compiler/testing/data.ts';
import { RandomChoices } from '../support/random-choices.ts';
import { load, shown, specNames, valuesText } from './load.ts';
import { kernelProblems } from './module.ts';
import { runs } from './runs.ts';

for (const name of specNames) {
  const distinct = (runs[name] ?? []).filter((r) => r.domain !== 'tied');
  for (const [n, run] of distinct.entries()) {
    const dtype = n % 2 === 0 ? 'f64' : 'f32';
    const title = `${name}:${valuesText(run.sizes)}${valuesText(run.options)} ${dtype}`;
    test(title, async () => {
      const { sizes, options = {} } = run;
      assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype, staged: true })), []);
    });
    test(`${title}, scheduled at random`, async () => {
      const { sizes, options = {} } = run;
      const choices = new RandomChoices(randomFrom(n + 1));
      assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype, choices: () => choices })), []);
    });
    for (const [type, accumulate] of [['f32', n % 2 === 1], ...(n === 0 ? [['f64', true] as const] : [])] as const) {
      test(`${name}:${valuesText(run.sizes)}${valuesText(run.options)} ${type}, WebAssembly`, async () => {
        const { sizes, options = {} } = run;
        assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype: type, accumulate, staged: !accumulate, target: 'wasm' })), []);
      });
    }
    if (n > 0) continue;
    test(`${name}: added to, by a module that owns its arrays, f32`, async () => {
      const { sizes, options = {} } = run;
      assert.equal(await shown(() => kernelProblems({ source: load(name)!, load, sizes, options, dtype: 'f32', accumulate: true, buffers: 'module' })), []);
    });
  }
}

/** What the strict type checker says of modules that stand in memory only. */
function typeProblems(files: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, strict: true, noUnusedLocals: true, noFallthroughCasesInSwitch: true,
    noImplicitOverride: true, verbatimModuleSyntax: true, isolatedModules: true, noEmit: true, lib: ['lib.es2022.d.ts'], types: [], skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const parsed = new Map([...files].map(([path, text]) => [path, ts.createSourceFile(path, text, ts.ScriptTarget.ES2022)]));
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (path, version) => parsed.get(path) ?? getSourceFile.call(host, path, version);
  // A folder that is not there is not looked into.
  host.directoryExists = () => true;
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  host.readFile = (path) => files.get(path) ?? readFile.call(host, path);
  return ts.getPreEmitDiagnostics(ts.createProgram([...files.keys()], options, host))
    .map((d) => `${d.file?.fileName}: ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`);
}

test('every module passes the strict type checker', () => {
  const files = specNames.map((name) => {
    const { sizes, options = {} } = runs[name]![0]!;
    const made = compileKernel({ source: load(name)!, load, sizes, options, staged: true, name, target: ['ts', 'wasm'] }).files;
    return made.filter((f) => !f.path.endsWith('.test.ts')).map((f) => [`/in-memory/${f.path}`, f.text] as const);
  });
  assert.is(files[0]!.length, 3);
  assert.equal(typeProblems(new Map(files.flat())), []);
});

test.run();

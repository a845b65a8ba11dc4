/**
 * Pins the full text of errors. A case runs something that must end in diagnostics; their rendered text is compared
 * with a `.txt` file. `UPDATE_GOLDEN=1` rewrites the files; read the diff.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DiagnosticError, type Diagnostic } from '../../compiler/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../../compiler/diagnostics/render.ts';

const update = process.env['UPDATE_GOLDEN'] === '1';

/** What `run` was refused for. Fails if it was not, or ended in anything but diagnostics. */
export function diagnosticsOf(run: () => unknown): readonly Diagnostic[] {
  try {
    run();
  } catch (e) {
    if (e instanceof DiagnosticError) return e.diagnostics;
    throw e;
  }
  throw new Error('nothing was refused');
}

export const rendered = (diagnostics: readonly Diagnostic[]): string =>
  `${diagnostics.map((d) => renderDiagnostic(d, { color: false })).join('\n\n')}\n`;

/**
 * Registers a test: what `run` is refused for reads as `test/errors/NAME.txt`.
 *
 * @param name  folder and name of the file, without `.txt`: `read/tab-indentation`
 */
export function pinned(name: string, run: () => unknown): void {
  test(name, () => {
    const text = rendered(diagnosticsOf(run));
    const file = fileURLToPath(new URL(`./${name}.txt`, import.meta.url));
    if (update) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return;
    }
    assert.ok(existsSync(file), `no ${name}.txt; UPDATE_GOLDEN=1 writes it`);
    assert.fixture(text, readFileSync(file, 'utf8'));
  });
}

/** Every code that a `.txt` file of a folder shows. */
export function pinnedCodes(folder: string): Set<string> {
  const url = new URL(`./${folder}/`, import.meta.url);
  const texts = readdirSync(url).filter((f) => f.endsWith('.txt')).map((f) => readFileSync(new URL(f, url), 'utf8'));
  return new Set(texts.flatMap((t) => [...t.matchAll(/^error\[([a-z0-9-]+)\]/gm)].map((m) => m[1]!)));
}

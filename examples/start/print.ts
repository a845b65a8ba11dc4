/** What the example shows: a progress line and an aligned table. */
import type { Terminal } from '../../cli/terminal.ts';

const WIDTH = 24;

/** A terminal whose progress is a bar that redraws itself where someone watches, else a line for each step. */
export function openProgress(): Terminal {
  const { stderr } = process;
  const live = stderr.isTTY && !process.env['CI'];
  const clear = (): void => { if (live) stderr.write('\r\u001b[2K'); };
  return {
    json: false,
    color: false,
    print: (text) => { process.stdout.write(`${text}\n`); },
    complain: (text) => { clear(); stderr.write(`${text}\n`); },
    progress(text) {
      const [, done, all, what] = /^\[(\d+)\/(\d+)\] (.*)$/.exec(text) ?? [];
      if (!live) {
        if (text !== '') stderr.write(`${text}\n`);
        return;
      }
      clear();
      if (done === undefined) return;
      const filled = Math.round(WIDTH * Number(done) / Number(all));
      stderr.write(`[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done}/${all} ${what}`);
    },
  };
}

/** Rows in columns as wide as they need: text to the left, numbers (by a column's heading in `right`) to the right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], right: readonly string[]): string {
  const widths = heading.map((h, i) => Math.max(h.length, ...rows.map((row) => row[i]!.length)));
  return [heading, ...rows]
    .map((row) => row.map((cell, i) => (right.includes(heading[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('   ').trimEnd())
    .join('\n');
}

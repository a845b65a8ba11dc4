/**
 * Follows a document word for word. A block ```console is run: each line `$ command` in a shell, and what follows it up to
 * the next is what it must print. A block whose first line is a comment with a path, `# specs/frn.layer.yaml`, is a
 * file: in a tutorial it is written, in other documents it must be there as shown. `npm run docs` puts real output into
 * the documents; a test fails where they differ.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface FollowOptions {
  /** Where commands run. */
  readonly folder: string;
  /** Whether blocks that are files are written there. */
  readonly writes: boolean;
}

/** The document with what its commands print now. @throws Error if a command fails that the document does not show failing */
export function follow(markdown: string, options: FollowOptions): string {
  return markdown.replace(/^```(\w+)\n([\s\S]*?)^```$/gm, (block, language: string, body: string) => {
    if (language === 'console') return `\`\`\`console\n${runBlock(body, options)}\`\`\``;
    const path = /^(?:#|\/\/) ([\w./-]+\.(?:yaml|ts))\n/.exec(body)?.[1];
    if (path === undefined) return block;
    return options.writes ? (writeBlock(path, body, options.folder), block) : `\`\`\`${language}\n${shownFile(path, body, options.folder)}\`\`\``;
  });
}

function runBlock(body: string, { folder }: FollowOptions): string {
  const commands = body.split('\n').filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  return commands.map((command) => `$ ${command}\n${run(command, folder)}`).join('');
}

/** Runs a command as someone would who installed the package in that folder. */
function run(command: string, folder: string): string {
  const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
  const line = command.replace(/\bnpx kernelwright\b/g, `${quoted(process.execPath)} ${quoted(join(root, 'cli/kernelwright.js'))}`)
    .replace(/\bnpx tsx\b/g, `${quoted(process.execPath)} --import ${quoted(import.meta.resolve('tsx'))}`);
  const { NO_COLOR: _n, FORCE_COLOR: _f, ...env } = process.env;
  const done = spawnSync('bash', ['-c', `{ ${line}\n} 2>&1`], { cwd: folder, encoding: 'utf8', env, timeout: 120_000 });
  const text = done.stdout.replaceAll(/[ \t]+$/gm, '').replace(/\d+\.\d+m?s$/gm, 'N ms').trim();
  return text === '' ? '' : `${text}\n`;
}

function writeBlock(path: string, body: string, folder: string): void {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, body.slice(body.indexOf('\n') + 1));
}

/** The block as the file is now; the line that tells editors of the schema is not shown. */
function shownFile(path: string, body: string, folder: string): string {
  const text = readFileSync(join(folder, path), 'utf8').replace(/^# yaml-language-server:.*\n/, '');
  return `${body.slice(0, body.indexOf('\n'))}\n${text}`;
}

/** Makes a folder look like a project that has the package and its tools installed. */
export function installInto(folder: string): void {
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules/kernelwright'), 'dir');
  for (const tool of ['tsx', 'uvu', 'typescript']) symlinkSync(join(root, 'node_modules', tool), join(folder, 'node_modules', tool), 'dir');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
}

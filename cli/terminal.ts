/** Where output goes: text to stdout, progress and problems to stderr, colour only where it is wanted. */

export interface Terminal {
  readonly json: boolean;
  /** Of what is written to stderr, where diagnostics go. */
  readonly color: boolean;
  print(text: string): void;
  complain(text: string): void;
  /** Replaces the progress line; does nothing unless stderr is a terminal and output is for people. */
  progress(text: string): void;
}

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** FORCE_COLOR, then NO_COLOR, then whether someone is watching; `--no-color` beats them all. */
function wantsColor(env: NodeJS.ProcessEnv, stream: Stream, refused: boolean): boolean {
  if (refused) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** The terminal of this process: results on stdout, diagnostics and progress on stderr. */
export function openTerminal(json: boolean, noColor: boolean): Terminal {
  const { stdout, stderr, env } = process;
  const live = stderr.isTTY && !json && env['TERM'] !== 'dumb' && !env['CI'];
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write('\r\u001b[2K');
    shown = false;
  };
  return {
    json,
    color: !json && wantsColor(env, stderr, noColor),
    print(text) { clear(); stdout.write(text.endsWith('\n') ? text : `${text}\n`); },
    complain(text) { clear(); stderr.write(text.endsWith('\n') ? text : `${text}\n`); },
    progress(text) {
      if (!live) return;
      clear();
      if (text === '') return;
      stderr.write(text.slice(0, (stderr.columns || 80) - 1));
      shown = true;
    },
  };
}

/** A reader that went away (`| head -1`) ends the program quietly; any other failure of a pipe is not ours to hide. */
export function leaveWhenPipesClose(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      process.exit(2);
    });
  }
}

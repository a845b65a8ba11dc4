/**
 * A diagnostic as text for people:
 *
 *   error[unknown-axis]: `mean` runs over K, which no tensor in its formula has
 *    --> specs/layernorm.layer.yaml:14:13
 *      |
 *   14 |   var: mean[K]((x - mu)^2)
 *      |             ^ x has [N, D], mu has [N]; did you mean D?
 */
import { positionAt, type Span } from '../support/source.ts';
import type { Diagnostic } from './diagnostic.ts';
import { display, frame } from './frame.ts';

export interface RenderOptions {
  /** Escape sequences for a terminal; the text is the same without. */
  readonly color: boolean;
}

type Paint = (text: string) => string;

const paints = (color: boolean): Readonly<Record<'red' | 'bold' | 'blue', Paint>> => {
  const paint = (code: string): Paint => (text) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { red: paint('1;31'), bold: paint('1'), blue: paint('34') };
};

/** `specs/layernorm.layer.yaml:14:13`. */
function placeText(span: Span): string {
  const { line, column } = positionAt(span.source, span.start);
  return `${display(span.source.path)}:${line}:${column}`;
}

const oneLine = (text: string): string => display(text.replace(/\s*\n\s*/g, ' '));

/** The diagnostic as text, without a line feed at its end. */
export function renderDiagnostic(d: Diagnostic, options: RenderOptions): string {
  const { red, bold, blue } = paints(options.color);
  const out = [`${red(`error[${d.code}]`)}${bold(`: ${oneLine(d.message)}`)}`];
  const help = d.help?.split('\n').map(display) ?? [];
  const beside = d.span !== undefined && help.length === 1;
  if (d.span) {
    out.push(`${blue(' -->')} ${placeText(d.span)}`);
    out.push(...frameText(d.span, beside ? help[0]! : '', red, blue));
  }
  if (!beside) for (const line of help) out.push(`${bold('help')}: ${line}`);
  for (const note of d.notes ?? []) {
    const message = oneLine(note.message);
    out.push(`${bold('note')}: ${note.span ? `${message.replace(/ (?:here|at)$/, '')} at ${placeText(note.span)}` : message}`);
  }
  return out.join('\n');
}

function frameText(span: Span, help: string, red: Paint, blue: Paint): string[] {
  const lines = frame(span);
  const digits = String(lines.at(-1)?.number ?? 1).length;
  const gutter = (text: string): string => blue(`${text.padStart(digits)} |`);
  const out = [gutter('')];
  let last = lines[0]?.number ?? 1;
  lines.forEach((line, n) => {
    if (line.number > last + 1) out.push(blue('...'));
    last = line.number;
    out.push(`${gutter(String(line.number))} ${line.text}`.trimEnd());
    if (line.count === 0) return;
    const carets = `${' '.repeat(line.from)}${red('^'.repeat(line.count))}`;
    const isLast = n === lines.length - 1;
    out.push(`${gutter('')} ${carets}${isLast && help ? ` ${red(help)}` : ''}`);
  });
  return out;
}

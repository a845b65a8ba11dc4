/**
 * Where in the file each character of a scalar stands. YAML folds lines, drops indentation, doubles quotes and knows
 * escapes, so a scalar's text is not a slice of the file. But it never changes the order of what is not blank: text and
 * file are walked side by side, blank space is skipped in both.
 */

/** How much of the file one unit or pair of a double-quoted text takes: `\x41` is 4 long and gives one. */
const escapes: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 };
const isBlank = (c: string | undefined): boolean => c === ' ' || c === '\n' || c === '\t' || c === '\r';

/**
 * @param file   the text of the file
 * @param start  where the scalar starts, quote or block header included
 * @param end    where it ends, closing quote included
 * @param text   its value
 * @param style  how it is written
 * @returns for each unit of `text`, and for its end, the offset in the file
 */
export function placesOf(
  file: string, start: number, end: number, text: string, style: 'plain' | 'single' | 'double' | 'block',
): Int32Array {
  const places = new Int32Array(text.length + 1);
  let at = style === 'plain' ? start : style === 'block' ? afterHeader(file, start, end) : start + 1;
  const last = style === 'single' || style === 'double' ? end - 1 : end;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (style === 'double') at = skipLineEscapes(file, at, last);
    if (isBlank(c) && file[at] !== '\\') {
      places[i] = at;
      // One blank of the text may stand for a whole run of the file; the run ends at the next word.
      if (!isBlank(text[i + 1])) while (at < last && isBlank(file[at])) at++;
      else if (isBlank(file[at])) at++;
      continue;
    }
    while (at < last && isBlank(file[at])) at++;
    if (style === 'double') at = skipLineEscapes(file, at, last);
    places[i] = Math.min(at, last);
    if (style === 'single' && c === "'") at += 2;
    else if (style === 'double' && file[at] === '\\') {
      const width = escapes[file[at + 1]!] ?? 2;
      const astral = file[at + 1] === 'U' && text.codePointAt(i)! > 0xffff;
      if (astral) places[++i] = Math.min(at, last);
      at += width;
    } else at++;
  }
  places[text.length] = Math.min(at, last);
  return places;
}

/** Behind the line of `|` or `>-`. */
function afterHeader(file: string, start: number, end: number): number {
  const line = file.indexOf('\n', start);
  let at = line < 0 || line > end ? end : line + 1;
  while (at < end && isBlank(file[at])) at++;
  return at;
}

/** A backslash at the end of a line gives nothing. */
function skipLineEscapes(file: string, from: number, last: number): number {
  let at = from;
  while (at < last && file[at] === '\\' && (file[at + 1] === '\n' || file[at + 1] === '\r')) {
    at++;
    while (at < last && isBlank(file[at])) at++;
  }
  return at;
}

/** Text from a spec on its way into source code: nothing in it can end a comment or a string. */

/** One line of a comment. */
export function comment(text: string): string {
  return [...text.replace(/\*\//g, '* /').replace(/\/\*/g, '/ *')].map((c) => (isControl(c) ? ' ' : c)).join('').trim();
}

/** A string literal. */
export function quoted(text: string): string {
  const body = [...text].map((c) => {
    if (c === '\\' || c === "'") return `\\${c}`;
    if (!isControl(c) && c.codePointAt(0)! < 0xd800) return c;
    return [...Array(c.length).keys()].map((n) => `\\u${c.charCodeAt(n).toString(16).padStart(4, '0')}`).join('');
  }).join('');
  return `'${body}'`;
}

/** Characters that end a line, hide or turn text around, or stand for nothing. */
function isControl(c: string): boolean {
  const code = c.codePointAt(0)!;
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029 || code === 0xfeff
    || (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
    || (code >= 0xd800 && code <= 0xdfff);
}

/** A property name, quoted where it has to be. */
export const property = (name: string): string => (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && name !== '__proto__' ? name : `[${quoted(name)}]`);

/** A property under a name of one's own, in a pattern and in a record alike: `x`, or `x: y`. */
export const pair = (key: string, name: string): string => (key === name ? name : `${property(key)}: ${name}`);

/** How a property is had of an object: `.x`, or `['__proto__']`. */
export const member = (name: string): string => {
  const key = property(name);
  return key.startsWith('[') ? key : `.${key}`;
};

/** Columns of equal width, separated by two spaces. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((w, row) => row.map((cell, n) => Math.max(w[n] ?? 0, cell.length)), []);
  return rows.map((row) => row.map((cell, n) => (n === row.length - 1 ? cell : cell.padEnd(widths[n]!))).join(' ').trimEnd());
}

/** A text in lines of at most `width`, broken at spaces where there are any. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/**
 * Cuts a formula into tokens. What no formula holds (`**`, `&&`, a Greek letter, a string) is refused here, with what to
 * write instead; the table of such slips is in formula-slips.ts.
 */
import { slipAt, type Slip } from './formula-slips.ts';

export type TokenKind = 'number' | 'name' | 'mark' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The name, the operator or bracket, or the digits; empty at the end. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The place and reason of text that is no token. */
export interface BadText extends Slip {
  readonly start: number;
  readonly end: number;
}

const blank = /[ \t\r\n]*/y;
const number = /(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?/y;
/** A name may end in primes: `T'` is a second copy of the axis T. */
const name = /[A-Za-z_][A-Za-z0-9_]*'*/y;
const mark = /\/\/|<=|>=|==|!=|[-+*/^<>()[\],]/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** The tokens of a formula, the last of them of kind `end`; or the first piece of text that is none. */
export function tokenize(text: string): readonly Token[] | BadText {
  const tokens: Token[] = [];
  let at = 0;
  const push = (kind: TokenKind, found: string): void => {
    tokens.push({ kind, text: found, start: at, end: at + found.length });
    at += found.length;
  };
  for (;;) {
    at += match(blank, text, at).length;
    if (at >= text.length) break;
    const slip = slipAt(text, at);
    if (slip) return { start: at, end: at + slip.length, message: slip.message, help: slip.help };
    const digits = match(number, text, at);
    const word = match(name, text, at);
    if (digits) {
      const bad = numberSlip(text, at, digits);
      if (bad) return bad;
      push('number', digits);
    } else if (word) push('name', word);
    else {
      const found = match(mark, text, at);
      if (!found) return unknownMark(text, at);
      push('mark', found);
    }
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function numberSlip(text: string, start: number, digits: string): BadText | undefined {
  const end = start + digits.length;
  if (!Number.isFinite(Number(digits))) {
    return { start, end, message: `the number ${clip(digits)} is too large`, help: 'the largest is about 1.7e308' };
  }
  const tail = /^[A-Za-z0-9_.]+/.exec(text.slice(end))?.[0];
  if (!tail) return undefined;
  const whole = digits + tail;
  const bad = (message: string, help: string): BadText => ({ start, end: start + whole.length, message, help });
  if (/^0[xob]/i.test(whole)) return bad(`\`${clip(whole)}\` is not a decimal number`, 'write the number with decimal digits');
  if (/^[0-9_.]+$/.test(whole)) {
    return bad(`\`${clip(whole)}\` is not a number`, whole.includes('_') ? `write ${clip(whole.replace(/_/g, ''))}` : 'a number has one point');
  }
  if (/^[eE]/.test(tail) && !/^[eE][A-Za-z]/.test(tail)) return bad(`\`${clip(whole)}\` has no exponent`, 'write 1e-5');
  return bad(`an operator is missing in \`${clip(whole)}\``, `write ${clip(digits)} * ${clip(tail)}`);
}

function unknownMark(text: string, at: number): BadText {
  const code = text.charCodeAt(at);
  const shown = code < 32 || code === 127 ? `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}` : `\`${text[at]}\``;
  return { start: at, end: at + 1, message: `${shown} has no meaning in a formula`, help: undefined };
}

const clip = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

/**
 * What people write in formulas out of habit, and what it is called here. A table: each line is tried at every
 * place where a token starts.
 */
export interface Slip {
  readonly message: string;
  readonly help: string | undefined;
}

interface SlipRule extends Slip {
  readonly pattern: RegExp;
}

const slip = (pattern: RegExp, message: string, help: string): SlipRule => ({ pattern, message, help });

const slips: readonly SlipRule[] = [
  slip(/\*\*/y, '`**` is not an operator', 'a power is written x^2'),
  slip(/&&?/y, '`&&` is not an operator', 'write `and`'),
  slip(/\|\|?/y, '`|` is not an operator', 'write `or`; an absolute value is abs(x)'),
  slip(/===/y, '`===` is not an operator', 'equality is written =='),
  slip(/!==/y, '`!==` is not an operator', 'inequality is written !='),
  slip(/=>|=</y, 'the comparison is written the other way round', 'write >= or <='),
  slip(/<>/y, '`<>` is not an operator', 'inequality is written !='),
  slip(/<<|>>>?/y, 'shifts are not part of the language', 'multiply or divide by a power of two'),
  slip(/=(?!=)/y, '`=` does not stand in a formula', 'equality is written ==; the name of a definition stands before the colon'),
  slip(/!(?!=)/y, '`!` is not an operator', 'write `not`'),
  slip(/[-+*/^]=/y, 'a formula gives a value and assigns nothing', 'a state is changed in `update`'),
  slip(/%/y, '`%` is not an operator', 'the rest of a / b is a - b * floor(a / b)'),
  slip(/\?/y, 'there is no `?`', 'write where(condition, then, else)'),
  slip(/:/y, 'there is no `:` in a formula', 'a slice is an index: x[N, D + 1]; a choice is where(condition, then, else)'),
  slip(/;/y, 'there is no `;` in a formula', 'give each definition its own line'),
  slip(/@/y, '`@` is not an operator', 'a matrix product is sum[D](x * w)'),
  slip(/~/y, '`~` is not an operator', 'write `not`'),
  slip(/["'`]/y, 'a formula holds no texts', 'write names without quotes'),
  slip(/[{}]/y, 'there are no braces in a formula', 'parentheses group'),
  slip(/#/y, '`#` does not stand in a formula', 'a comment stands after the formula, outside quotes'),
  slip(/\\/y, 'there is no `\\` in a formula', 'a formula may go on in the next line, indented further'),
  slip(/\.\.\./y, 'there is no `...` in an index', 'every slot has its index; the axes of a tensor need none: x'),
  slip(/\.(?![0-9])/y, 'there is no `.` in a formula but in numbers', 'functions stand by themselves: mean[D](x); axes are named, so nothing is transposed'),
  slip(/[−–—‐‑]/uy, 'this is not the minus of the keyboard', 'write -'),
  slip(/[×·∙⋅∗✕]/uy, 'this sign is not an operator', 'write *'),
  slip(/[÷∕⁄]/uy, 'this sign is not an operator', 'write /'),
  slip(/²/uy, 'there are no raised digits', 'write ^2'),
  slip(/³/uy, 'there are no raised digits', 'write ^3'),
  slip(/[⁰¹⁴-⁹⁻ⁿᵀ]/uy, 'there are no raised digits', 'write ^ and the exponent'),
  slip(/≤/uy, 'this sign is not an operator', 'write <='),
  slip(/≥/uy, 'this sign is not an operator', 'write >='),
  slip(/≠/uy, 'this sign is not an operator', 'write !='),
  slip(/[∧]/uy, 'this sign is not an operator', 'write `and`'),
  slip(/[∨]/uy, 'this sign is not an operator', 'write `or`'),
  slip(/¬/uy, 'this sign is not an operator', 'write `not`'),
  slip(/√/uy, 'this sign is not an operator', 'write sqrt(x)'),
  slip(/∑/uy, 'this sign is not an operator', 'write sum[D](x)'),
  slip(/∏/uy, 'this sign is not an operator', 'write prod[D](x)'),
  slip(/[’′‘]/uy, 'this is not the apostrophe of the keyboard', "a copy of an axis is written T'"),
  slip(/[“”„«»]/uy, 'a formula holds no texts', 'write names without quotes'),
  slip(/∞/uy, 'there is no infinity', 'write a large number: 1e30'),
  slip(/[\u00a0\u2000-\u200a\u202f\u3000]/uy, 'this is not an ordinary blank', 'write a blank or nothing'),
];

const library = slip(/(?:Math|np|numpy|torch|tf|jnp|F)\.(?=[A-Za-z])/y, 'functions stand by themselves', 'write exp(x), sqrt(x), ...');

/** How Greek letters are written out. */
const greek: ReadonlyMap<string, string> = new Map([
  ['α', 'alpha'], ['β', 'beta'], ['γ', 'gamma'], ['δ', 'delta'], ['ε', 'eps'], ['ϵ', 'eps'], ['θ', 'theta'], ['λ', 'lambda'],
  ['μ', 'mu'], ['µ', 'mu'], ['π', 'pi'], ['ρ', 'rho'], ['σ', 'sigma'], ['Σ', 'sum'], ['τ', 'tau'], ['φ', 'phi'], ['ω', 'omega'],
]);

const foreignWord = /[\p{L}\p{M}\p{Nd}_]+/uy;

/** The slip that starts at `at`, and how long it is. */
export function slipAt(text: string, at: number): (Slip & { readonly length: number }) | undefined {
  const first = text[at]!;
  if (/[0-9 ()[\],]/.test(first)) return undefined;
  for (const s of /[A-Za-z_]/.test(first) ? [library] : slips) {
    s.pattern.lastIndex = at;
    const found = s.pattern.exec(text)?.[0];
    if (found !== undefined) return { message: s.message, help: s.help, length: found.length };
  }
  if (text.charCodeAt(at) < 128 && !foreignAt(text, at)) return undefined;
  return foreign(text, at);
}

/** A word that starts in ASCII and goes on outside it: `naïve`. */
function foreignAt(text: string, at: number): boolean {
  const word = wordAt(text, at);
  return /^[A-Za-z_]/.test(word) && /[^\0-\x7f]/.test(word);
}

function wordAt(text: string, at: number): string {
  foreignWord.lastIndex = at;
  return foreignWord.exec(text)?.[0] ?? '';
}

function foreign(text: string, at: number): Slip & { readonly length: number } {
  const word = wordAt(text, at);
  if (word) {
    const ascii = greek.get(word);
    const shown = word.length > 24 ? `${word.slice(0, 23)}…` : word;
    return { length: word.length, message: `the name \`${shown}\` is not made of ASCII letters`,
      help: ascii ? `write ${ascii}` : 'names are made of A-Z, a-z, 0-9 and _' };
  }
  const point = text.codePointAt(at)!;
  const hex = point.toString(16).toUpperCase().padStart(4, '0');
  return { length: point > 0xffff ? 2 : 1, message: `the character U+${hex} has no meaning in a formula`, help: undefined };
}

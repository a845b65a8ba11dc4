/**
 * Formula text -> `Formula`: a Pratt parser over the tokens of formula-tokens.ts. From loose to tight:
 *
 *   or   and   not   < <= > >= == != (one at a time)   + -   * / //   unary -   ^ (right associative)
 *
 * The first mistake of a formula ends it; the other formulas of the file are read all the same. Depth is counted, so
 * that ten thousand parentheses are a diagnostic and not the end of the stack.
 */
import type { Problems } from '../../diagnostics/diagnostic.ts';
import type { AxisRef, Formula, FormulaBinaryOp, SlotFormula } from '../../ir/formula.ts';
import type { Source, Span } from '../../support/source.ts';
import type { Code } from '../../diagnostics/catalog.ts';
import { tokenize, type Token } from './formula-tokens.ts';
import { isReduction } from './names.ts';
import { LIMITS } from './limits.ts';

/** How tightly an operator holds what stands left of it. */
const binding: ReadonlyMap<string, number> = new Map([
  ['or', 1], ['and', 2],
  ['<', 4], ['<=', 4], ['>', 4], ['>=', 4], ['==', 4], ['!=', 4],
  ['+', 5], ['-', 5], ['*', 6], ['/', 6], ['//', 6], ['^', 8],
]);
const NOT = 3;
const COMPARISON = 4;
const MINUS = 7;
const POWER = 8;

/** The mistake that ends the parse; it never leaves this file. */
class Mistake {
  readonly code: Code;
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly help: string | undefined;
  constructor(code: Code, message: string, at: { readonly start: number; readonly end: number }, help: string | undefined) {
    this.code = code;
    this.message = message;
    this.start = at.start;
    this.end = at.end;
    this.help = help;
  }
}

/**
 * Parses one formula.
 *
 * @param text      the formula as YAML gives it: folds and escapes already undone
 * @param source    the file it stands in
 * @param offsetOf  the place in the file of the i-th unit of `text`, and of its end for `text.length`
 * @param problems  takes what is wrong
 * @returns undefined if anything was added to `problems`
 */
export function parseFormula(
  text: string, source: Source, offsetOf: (i: number) => number, problems: Problems,
): Formula | undefined {
  try {
    if (text.length > LIMITS.formulaLength) {
      throw new Mistake('limit-exceeded', `the formula has ${text.length} characters; ${LIMITS.formulaLength} are the limit`,
        { start: 0, end: 1 }, 'give its parts names of their own');
    }
    const tokens = tokenize(text);
    if ('message' in tokens) throw new Mistake('formula-syntax', tokens.message, tokens, tokens.help);
    return new Parser(tokens, source, offsetOf).formula();
  } catch (e) {
    if (!(e instanceof Mistake)) throw e;
    const start = offsetOf(e.start);
    const end = Math.max(offsetOf(e.end), start + 1);
    const comment = e.start >= text.trimEnd().length && /^[ \t]*#/.test(source.text.slice(offsetOf(text.length), offsetOf(text.length) + 200));
    const help = e.help ?? (comment ? 'what follows ` #` is a comment' : undefined);
    problems.add({ code: e.code, message: e.message, span: { source, start, end }, ...(help === undefined ? {} : { help }) });
    return undefined;
  }
}

class Parser {
  private at = 0;
  private depth = 0;
  private readonly heights = new Map<Formula, number>();
  private readonly tokens: readonly Token[];
  private readonly source: Source;
  private readonly offsetOf: (i: number) => number;

  constructor(tokens: readonly Token[], source: Source, offsetOf: (i: number) => number) {
    this.tokens = tokens;
    this.source = source;
    this.offsetOf = offsetOf;
  }

  formula(): Formula {
    if (this.peek().kind === 'end') this.fail('the formula is empty', this.peek());
    const whole = this.expression(0);
    const rest = this.peek();
    if (rest.kind !== 'end') this.unexpected(rest);
    return whole;
  }

  // ------------------------------------------------------------------------------------------------ expressions

  /** Everything from here on that holds together tighter than `least`. */
  private expression(least: number): Formula {
    const opened = this.peek();
    if (++this.depth > LIMITS.formulaNesting) {
      throw new Mistake('limit-exceeded', `the formula is nested more than ${LIMITS.formulaNesting} deep`, opened,
        'give its parts names of their own');
    }
    let left = this.prefix(least);
    for (;;) {
      const op = this.peek();
      const strength = op.kind === 'mark' || op.kind === 'name' ? binding.get(op.text) : undefined;
      if (strength === undefined || strength <= least) break;
      if (strength === COMPARISON && left.kind === 'binary' && binding.get(left.op) === COMPARISON && !this.closed.has(left)) {
        this.fail('comparisons do not chain', op, 'write a < b and b < c');
      }
      this.at++;
      const right = this.expression(op.text === '^' ? POWER - 1 : strength);
      left = this.made({ kind: 'binary', op: op.text as FormulaBinaryOp, a: left, b: right, span: join(left, right) }, left, right);
    }
    this.depth--;
    return left;
  }

  /** Formulas that stand in parentheses: they may be compared again, and their span has them. */
  private readonly closed = new Set<Formula>();

  private prefix(least: number): Formula {
    const t = this.peek();
    if (t.kind === 'number') {
      this.at++;
      return this.operandEnds(this.made({ kind: 'number', value: Number(t.text), span: this.span(t, t) }));
    }
    if (t.kind === 'name') return this.word(t, least);
    if (t.text === '-') {
      this.at++;
      const x = this.expression(MINUS);
      return this.made({ kind: 'unary', op: '-', x, span: { ...x.span, start: this.offsetOf(t.start) } }, x);
    }
    if (t.text === '(') return this.operandEnds(this.group(t));
    if (t.text === '+') this.fail('there is no unary `+`', t, 'leave it out');
    if (t.text === '[') this.fail('brackets are indices and stand behind a name', t, 'parentheses group');
    if (t.kind === 'end') this.fail('the formula ends where a value should follow', t);
    return this.fail(`a value is missing before \`${t.text}\``, t);
  }

  private word(t: Token, least: number): Formula {
    if (t.text === 'not') {
      if (least > NOT) this.fail('`not` needs parentheses here', t, 'write (not ...)');
      this.at++;
      const x = this.expression(NOT - 1);
      return this.made({ kind: 'unary', op: 'not', x, span: { ...x.span, start: this.offsetOf(t.start) } }, x);
    }
    if (binding.has(t.text)) this.fail(`a value is missing before \`${t.text}\``, t);
    if (t.text.length > LIMITS.nameLength) this.fail(`the name is longer than ${LIMITS.nameLength} letters`, t);
    this.at++;
    const next = this.peek();
    if (t.text === 'hit' && next.text === '(') return this.hit(t);
    if (next.text === '(') return this.operandEnds(this.call(t));
    if (next.text === '[') return this.operandEnds(this.bracketed(t, t.text, t));
    return this.operandEnds(this.made({ kind: 'name', name: t.text, span: this.span(t, t) }));
  }

  private group(open: Token): Formula {
    this.at++;
    if (this.peek().text === ')') this.fail('there is nothing between the parentheses', { start: open.start, end: this.peek().end });
    const inner = this.expression(0);
    if (this.peek().text === ',') this.fail('a formula is one value, not a list', this.peek(), 'a function stands before its arguments: max(a, b)');
    const close = this.close(open, ')');
    const span = this.span(open, close);
    const copy = this.made({ ...inner, span }, inner);
    this.closed.add(copy);
    return copy;
  }

  // -------------------------------------------------------------------------------------------- names with more

  private call(name: Token, axes?: readonly AxisRef[]): Formula {
    const open = this.next();
    const args: Formula[] = [];
    if (this.peek().text === ')') this.fail(`\`${name.text}\` needs an argument`, { start: name.start, end: this.peek().end });
    for (;;) {
      args.push(this.expression(0));
      if (this.peek().text !== ',') break;
      this.at++;
    }
    const close = this.close(open, ')');
    const head = this.span(name, name);
    return this.made({ kind: 'call', name: name.text, head, ...(axes ? { axes } : {}), args, span: this.span(name, close) }, ...args);
  }

  /** `hit(out)` is a name; what is read of it stands in brackets. */
  private hit(word: Token): Formula {
    const open = this.next();
    const of = this.next();
    if (of.kind !== 'name') this.fail('`hit` takes the name of a definition', of, 'write hit(out)');
    const close = this.close(open, ')');
    const name = `hit(${of.text})`;
    if (this.peek().text === '[') return this.operandEnds(this.bracketed(word, name, close));
    return this.operandEnds(this.made({ kind: 'name', name, span: this.span(word, close) }));
  }

  /** `x[...]`, or `sum[...](...)`. */
  private bracketed(first: Token, name: string, last: Token): Formula {
    const open = this.next();
    const slots: SlotFormula[] = [];
    if (this.peek().text === ']') {
      this.fail('there is nothing between the brackets', { start: open.start, end: this.peek().end },
        isReduction(name) ? `write ${name}[D](...)` : 'a tensor with its own axes, or without any, is its bare name');
    }
    for (;;) {
      slots.push(this.slot());
      if (this.peek().text !== ',') break;
      this.at++;
      if (this.peek().text === ']') this.fail('an index is missing behind the comma', this.peek());
    }
    const close = this.close(open, ']');
    if (this.peek().text === '(') return this.call(first, slots.map((s) => this.axisOf(s)));
    if (isReduction(name)) this.fail(`\`${name}\` lacks what it reduces`, { start: first.start, end: close.end }, `write ${name}[...](x)`);
    if (this.peek().text === '[') this.fail('a tensor has one pair of brackets', this.peek(), 'write x[N, D]');
    const parts = slots.flatMap((s) => s.parts);
    return this.made({ kind: 'read', name, head: this.span(first, last), slots, span: this.span(first, close) }, ...parts);
  }

  private slot(): SlotFormula {
    const open = this.peek();
    if (open.text !== '(' || !this.isComposite()) {
      const part = this.expression(0);
      return { parts: [part], span: part.span };
    }
    this.at++;
    const parts = [this.expression(0)];
    while (this.peek().text !== ')') {
      if (this.peek().text === ',') this.at++;
      if (this.peek().kind === 'end') break;
      parts.push(this.expression(0));
    }
    const close = this.close(open, ')');
    const next = this.peek();
    if (next.text !== ',' && next.text !== ']' && next.kind !== 'end') {
      this.fail('the list of a composite slot stands by itself', next, 'write each member in full: (G + 1, K)');
    }
    return { parts, span: this.span(open, close) };
  }

  /**
   * Is `( ... )` the list of a composite slot? `(G K)` and `(2*G, K + 1)` are: two operands side by side, or a comma.
   * `(G + K)*2` is not, nor `(max(a, b))`, whose comma lies deeper.
   */
  private isComposite(): boolean {
    let deep = 0;
    for (let i = this.at; i < this.tokens.length; i++) {
      const t = this.tokens[i]!;
      if (t.text === '(' || t.text === '[') deep++;
      else if (t.text === ')' || t.text === ']') deep--;
      if (deep === 0) return false;
      if (deep !== 1) continue;
      if (t.text === ',') return true;
      const next = this.tokens[i + 1];
      if (endsOperand(t) && next && startsWord(next)) return true;
    }
    return false;
  }

  private axisOf(slot: SlotFormula): AxisRef {
    const only = slot.parts[0];
    if (slot.parts.length === 1 && only?.kind === 'name') return { name: only.name, span: only.span };
    const at = { start: this.indexOf(slot.span.start), end: this.indexOf(slot.span.end) };
    return this.fail('the brackets before an argument list axes', at, 'write sum[G, K](x); a product needs its sign: x[N] * (...)');
  }

  // ---------------------------------------------------------------------------------------------------- plumbing

  private peek(): Token {
    return this.tokens[this.at]!;
  }

  private next(): Token {
    const t = this.peek();
    if (t.kind !== 'end') this.at++;
    return t;
  }

  private close(open: Token, mark: string): Token {
    const t = this.peek();
    if (t.text === mark) return this.next();
    if (t.kind === 'end') return this.fail(`\`${open.text}\` is never closed`, open, `a \`${mark}\` is missing`);
    if (t.text === ')' || t.text === ']') return this.fail(`\`${open.text}\` is closed by \`${t.text}\``, t, `write ${mark}`);
    return this.unexpected(t);
  }

  /** After an operand comes an operator or a bracket; two operands side by side lack one. */
  private operandEnds(x: Formula): Formula {
    const t = this.peek();
    if (t.text === '(' && x.kind !== 'name') this.fail('an operator is missing before the parenthesis', t, 'a product is written with its sign: 2 * (a + b)');
    return x;
  }

  private unexpected(t: Token): never {
    if (t.text === ')' || t.text === ']') return this.fail(`\`${t.text}\` closes nothing`, t);
    if (t.text === ',') return this.fail('a formula is one value, not a list', t, 'a function stands before its arguments: max(a, b)');
    if (t.text === 'if' || t.text === 'else') return this.fail(`there is no \`${t.text}\``, t, 'write where(condition, then, else)');
    if (t.text === '[') return this.fail('brackets are indices and stand behind a name', t, 'name the value, then read it: y[N]');
    return this.fail(`an operator is missing before \`${t.text}\``, t, t.kind === 'name' || t.kind === 'number' || t.text === '(' ? `a product is written with its sign: * ${t.text}` : undefined);
  }

  private fail(message: string, at: { readonly start: number; readonly end: number }, help?: string): never {
    throw new Mistake('formula-syntax', message, at, help);
  }

  private made(node: Formula, ...parts: readonly Formula[]): Formula {
    const height = 1 + Math.max(0, ...parts.map((p) => this.heights.get(p) ?? 0));
    if (height > LIMITS.formulaHeight) {
      throw new Mistake('limit-exceeded', `the formula has more than ${LIMITS.formulaHeight} steps inside each other`,
        { start: 0, end: this.peek().start }, 'give its parts names of their own');
    }
    this.heights.set(node, height);
    return node;
  }

  private span(first: Token, last: Token): Span {
    return { source: this.source, start: this.offsetOf(first.start), end: this.offsetOf(last.end) };
  }

  /** The token index of an offset in the file: the way back from a span. */
  private indexOf(offset: number): number {
    for (const t of this.tokens) {
      if (this.offsetOf(t.start) >= offset) return t.start;
      if (this.offsetOf(t.end) >= offset) return t.end;
    }
    return this.peek().end;
  }
}

const join = (a: Formula, b: Formula): Span => ({ source: a.span.source, start: a.span.start, end: b.span.end });

const endsOperand = (t: Token): boolean =>
  t.kind === 'number' || (t.kind === 'name' && !isOperatorWord(t)) || t.text === ')' || t.text === ']';
const startsWord = (t: Token): boolean => t.kind === 'number' || (t.kind === 'name' && !isOperatorWord(t));
const isOperatorWord = (t: Token): boolean => t.text === 'not' || binding.has(t.text);

/** Prints the statements of a LoopNest. It decides nothing: what stands where is already said. */
import type { CodeBlockWriter } from 'ts-morph';
import type { Linear, Stmt } from '../../../ir/loop.ts';
import { exprText, LEVEL, linearText, sizeText, type Printer } from './expressions.ts';
import { comment, quoted, wrapped } from './text.ts';

/** Writes statements, one a line, at the depth where the writer stands. */
export function writeBody(w: CodeBlockWriter, body: readonly Stmt[], p: Printer): void {
  body.forEach((s, n) => {
    const before = body[n - 1];
    if (s.kind === 'label' && before && before.kind !== 'label') w.blankLineIfLastNot();
    if (isStart(s) && before && isStart(before) && sameStem(s, before)) return;
    if (isStart(s)) writeStarts(w, body.slice(n), p);
    else writeStmt(w, s, p);
  });
}

type Start = Stmt & { kind: 'let' };
const isStart = (s: Stmt): s is Start => s.kind === 'let' && s.mutable && s.value.kind === 'const';
const stem = (s: Start): string => s.name.replace(/[0-9]+$/, '');
const sameStem = (s: Start, t: Start): boolean => stem(s) === stem(t);

/** The accumulators of one reduction, side by side on one line. */
function writeStarts(w: CodeBlockWriter, body: readonly Stmt[], p: Printer): void {
  const [first, ...rest] = body as [Start, ...Stmt[]];
  const own: Start[] = [first];
  for (const s of rest) {
    if (!isStart(s) || !sameStem(s, first)) break;
    own.push(s);
  }
  w.writeLine(`let ${own.map((s) => `${s.name} = ${exprText(s.value, p)}`).join(', ')};`);
}

function writeStmt(w: CodeBlockWriter, s: Stmt, p: Printer): void {
  switch (s.kind) {
    case 'label': wrapped(comment(s.text), 100).forEach((line, n) => w.writeLine(`// ${n > 0 ? '  ' : ''}${line}`)); return;
    case 'let': w.writeLine(`${s.mutable ? 'let' : 'const'} ${s.name} = ${exprText(s.value, p)};`); return;
    case 'set': w.writeLine(`${s.name} ${s.op} ${exprText(s.value, p)};`); return;
    case 'store': w.writeLine(`${s.buffer}[${linearText(s.at.flat, p)}] ${s.op} ${exprText(s.value, p)};`); return;
    case 'fill': w.writeLine(`${s.buffer}.fill(${exprText({ kind: 'const', value: s.value }, p)});`); return;
    case 'call': w.writeLine(`${s.part}(${[...s.args.map((a) => linearText(a, p)), ...(p.arguments?.get(s.part) ?? [])].join(', ')});`); return;
    case 'draw':
      w.writeLine(`fillUniform(${s.buffer}, seed, step, ${s.stream}, ${number(s.low, p)}, ${number(s.high, p)});`);
      return;
    case 'when':
      w.write(`if (${exprText(s.condition, p)}) `).inlineBlock(() => writeBody(w, s.body, p)).newLine();
      return;
    case 'loop': writeLoop(w, s, p); return;
    case 'check': writeCheck(w, s, p); return;
    default: s satisfies never;
  }
}

const number = (value: number, p: Printer): string => exprText({ kind: 'const', value }, p);

function writeLoop(w: CodeBlockWriter, s: Stmt & { kind: 'loop' }, p: Printer): void {
  const step = s.step === 1 ? `${s.v}++` : `${s.v} += ${s.step}`;
  w.write(`for (let ${s.v} = ${linearText(s.from, p)}; ${s.v} < ${linearText(s.to, p, LEVEL.sum)}; ${step}) `);
  w.inlineBlock(() => writeBody(w, s.body, p)).newLine();
}

function writeCheck(w: CodeBlockWriter, s: Stmt & { kind: 'check' }, p: Printer): void {
  const e = s.element;
  const index = e.index.map((at: Linear) => linearText(at, p)).join(', ');
  const call = `badIndex(${quoted(e.tensor)}, [${index}], ${exprText(e.value, p)}, ${s.local}, ${e.factor}, ${sizeText(s, p)}, ${quoted(e.of)});`;
  const outside = `${s.local} < 0 || ${s.local} >= ${sizeText(s, p)}`;
  if (!s.when) return void w.writeLine(`if (${outside}) ${call}`);
  w.write(`if (${outside}) `).inlineBlock(() => {
    w.writeLine(`if (${exprText(s.when!, p)}) ${call}`);
    w.writeLine(`${s.local} = 0;`);
  }).newLine();
}


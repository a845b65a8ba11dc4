/** Prints a LoopNest for people: the arrays, then the statements, one a line. */
import type { Address, Linear, LoopExpr, LoopNest, Range, Stmt } from './loop.ts';

/** A nest as text, its parts before its body. */
export function printNest(nest: LoopNest): string {
  const arrays = nest.buffers.map((b) => `  ${b.role} ${b.name}: ${b.elem}[${b.length}], ${b.access}${b.tensor !== undefined && b.tensor !== b.name ? ` (${b.tensor})` : ''}`);
  const parts = nest.parts.flatMap((p) => [`part ${p.name}(${p.params.map((x) => x.v).join(', ')})`, ...block(p.body, 1)]);
  return `${[nest.name, ...arrays, ...parts, ...block(nest.body, 1)].join('\n')}\n`;
}

function block(body: readonly Stmt[], depth: number): string[] {
  return body.flatMap((s) => statement(s).map((line) => '  '.repeat(depth) + line).concat(s.kind === 'loop' || s.kind === 'when' ? block(s.body, depth + 1) : []));
}

function statement(s: Stmt): string[] {
  switch (s.kind) {
    case 'loop': return [`for ${s.v} = ${linear(s.from)} to ${linear(s.to)}${s.step === 1 ? '' : ` step ${s.step}`}${s.within.length > 0 ? ` where ${s.within.map(range).join(', ')}` : ''}`];
    case 'let': return [`${s.mutable ? 'var' : 'let'} ${s.name}: ${s.ty} = ${expr(s.value)}`];
    case 'set': return [`${s.name} ${s.op} ${expr(s.value)}`];
    case 'store': return [`${s.buffer}[${address(s.at)}] ${s.op} ${expr(s.value)}${s.lanes === 1 ? '' : ` x${s.lanes}`}`];
    case 'fill': return [`fill ${s.buffer} with ${s.value}`];
    case 'when': return [`if ${expr(s.condition)}`];
    case 'check': return [`check ${s.local} < ${s.size}${s.when ? ` if ${expr(s.when)}` : ''} (${s.element.tensor} indexes ${s.element.of})`];
    case 'draw': return [`draw ${s.buffer} from [${s.low}, ${s.high}), stream ${s.stream}`];
    case 'call': return [`call ${s.part}(${s.args.map(linear).join(', ')})`];
    case 'label': return [`# ${s.text}`];
    default: return s satisfies never;
  }
}

const address = (a: Address): string => linear(a.flat);
const range = (r: Range): string => `${linear(r.at)}${r.divisor === 1 ? '' : ` over ${r.divisor}`} in 0..${r.size - 1}`;

function linear(at: Linear): string {
  if (at.length === 0) return '0';
  return at.map((t, n) => {
    const size = Math.abs(t.k);
    const text = t.v === undefined ? String(size) : size === 1 ? t.v : `${size}*${t.v}`;
    return n === 0 ? (t.k < 0 ? `-${text}` : text) : t.k < 0 ? ` - ${text}` : ` + ${text}`;
  }).join('');
}

/** Every operand in brackets: nothing here has to parse. */
function expr(e: LoopExpr): string {
  switch (e.kind) {
    case 'const': return String(e.value);
    case 'named': case 'local': return e.name;
    case 'load': return `${e.buffer}[${address(e.at)}${e.lanes === 1 ? '' : ` x${e.lanes}`}]`;
    case 'linear': return `(${linear(e.at)})`;
    case 'quotient': return `(${linear(e.at)}) / ${e.divisor}`;
    case 'inside': return `[${range(e.range)}]`;
    case 'unary': return `${e.op}(${expr(e.x)})`;
    case 'binary': return `(${expr(e.a)} ${e.op} ${expr(e.b)})`;
    case 'select': return `where(${expr(e.c)}, ${expr(e.a)}, ${expr(e.b)})`;
    case 'splat': return `${e.ty}(${expr(e.x)})`;
    case 'fold': return `fold(${e.op}, ${expr(e.x)})`;
    case 'widen': return `widen(${e.half}, ${expr(e.x)})`;
    case 'shuffle': return `shuffle(${expr(e.a)}, ${expr(e.b)}, ${e.lanes.join(' ')})`;
    case 'lane': return `${expr(e.x)}.${e.n}`;
    case 'join': return `join(${e.parts.map(expr).join(', ')})`;
    case 'narrow': return `narrow(${expr(e.low)}, ${expr(e.high)})`;
    case 'choose': return `choose(${expr(e.c)}, ${expr(e.a)}, ${expr(e.b)})`;
    default: return e satisfies never;
  }
}

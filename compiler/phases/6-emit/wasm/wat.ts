/** Writes a module as WebAssembly's text format: instructions folded around their operands, formulas as comments. */
import type { Code, Func, Op } from './code.ts';
import { HOST, type Import, type Module } from './encode.ts';
import { INSTRUCTIONS } from './instructions.ts';

const WIDTH = 120;

/** The text of a module. */
export function watOf(m: Module): string {
  return ['(module', ...m.imports.map(importLine), ...m.functions.flatMap(functionLines), ')', ''].join('\n');
}

function importLine(i: Import): string {
  const what = i.kind === 'memory' ? '(memory 0)' : i.kind === 'global' ? `(global $${i.name} i32)`
    : `(func $${i.name}${i.takes?.length ? ` (param ${i.takes.join(' ')})` : ''}${i.gives ? ` (result ${i.gives})` : ''})`;
  return `  (import "${HOST}" "${i.name}" ${what})`;
}

function functionLines(f: Func): string[] {
  const head = [`(func $${f.name}`, ...(f.exported ? [`(export "${f.name}")`] : []), ...f.params.map((p) => `(param $${p.name} ${p.type})`),
    ...(f.result ? [`(result ${f.result})`] : [])];
  const locals = filled(f.locals.map((l) => `(local $${l.name} ${l.type})`), 4);
  return ['', ...filled(head, 2), ...locals, ...codeLines(f.body, 4), '  )'];
}

/** Words on lines of a readable length. */
function filled(words: readonly string[], depth: number): string[] {
  const lines: string[] = [];
  for (const w of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + w.length <= WIDTH) lines[lines.length - 1] = `${last} ${w}`;
    else lines.push(`${' '.repeat(lines.length > 0 && depth === 2 ? 4 : depth)}${w}`);
  }
  return lines;
}

function codeLines(body: readonly Code[], depth: number): string[] {
  const pad = ' '.repeat(depth);
  return body.flatMap((c): string[] => {
    switch (c.kind) {
      case 'op': return opLines(c, depth);
      case 'note': return [`${pad};; ${c.text}`];
      case 'group': return codeLines(c.body, depth);
      case 'block': case 'loop': return [`${pad}(${c.kind} $${c.label}`, ...codeLines(c.body, depth + 2), `${pad})`];
      case 'if': {
        const otherwise = c.otherwise.length === 0 ? [] : [`${pad}  (else`, ...codeLines(c.otherwise, depth + 4), `${pad}  )`];
        const then = [`${pad}  (then`, ...codeLines(c.then, depth + 4), `${pad}  )`];
        return [`${pad}(if`, ...opLines(c.condition, depth + 2), ...then, ...otherwise, `${pad})`];
      }
      default: return c satisfies never;
    }
  });
}

/** On one line if it fits, else its operands below it. */
function opLines(o: Op, depth: number): string[] {
  const pad = ' '.repeat(depth);
  const line = opText(o);
  if (depth + line.length <= WIDTH || o.args.length === 0) return [pad + line];
  return [`${pad}(${headText(o)}`, ...o.args.flatMap((a) => opLines(a, depth + 2)), `${pad})`];
}

const opText = (o: Op): string => `(${[headText(o), ...o.args.map(opText)].join(' ')})`;

/** The instruction and what stands behind its opcode. */
function headText({ name, at }: Op): string {
  const { immediate } = INSTRUCTIONS.get(name)!;
  switch (immediate) {
    case 'none': case 'memory': return name;
    case 'mem1': case 'mem4': case 'mem8': case 'mem16': return at === 0 ? name : `${name} offset=${String(at)}`;
    case 'i32': case 'lane': return `${name} ${String(at)}`;
    case 'f32': case 'f64': return `${name} ${numberText(at as number)}`;
    case 'bytes': {
      const bytes = at as readonly number[];
      return `${name} ${name === 'v128.const' ? constantText(bytes) : bytes.join(' ')}`;
    }
    case 'local': case 'global': case 'function': case 'label': return `${name} $${String(at)}`;
    default: return immediate satisfies never;
  }
}

/** As floats where that says the same bits, else as integers. */
function constantText(bytes: readonly number[]): string {
  const { buffer } = Uint8Array.from(bytes);
  const floats = [...new Float32Array(buffer)];
  const plain = floats.every((f) => Number.isFinite(f) && (f === 0 || Math.abs(f) > 1e-30));
  return plain ? `f32x4 ${floats.map(numberText).join(' ')}` : `i32x4 ${[...new Int32Array(buffer)].join(' ')}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

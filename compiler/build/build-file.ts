/**
 * Reads kernels.yaml: the shape of the file against specs/build.schema.json, then what a schema cannot say (paths,
 * names, duplicates). Layers are not looked up here and sizes are not compared with axes; compiling does that.
 */
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Problems } from '../diagnostics/diagnostic.ts';
import { closest } from '../support/suggest.ts';
import type { Source, Span } from '../support/source.ts';
import { fileKey, wrongName } from './names.ts';
import { buildSchema } from './schema.ts';
import { parseYaml } from './yaml.ts';
import type { Json, YamlFile } from './yaml.ts';

export interface At<T> {
  readonly value: T;
  readonly span: Span;
}

/** How one module is to be emitted; the top of a build file may set each for all entries. */
export interface EmitOptions {
  readonly dtype: 'f32' | 'f64';
  readonly staged: boolean;
  readonly accumulate: boolean;
  readonly buffers: 'caller' | 'module';
  readonly relaxed: boolean;
  readonly target: 'ts' | 'wasm' | readonly ['ts', 'wasm'];
}

export interface KernelEntry extends EmitOptions {
  /** The first line of the entry. */
  readonly span: Span;
  readonly layer: At<string>;
  readonly sizes: ReadonlyMap<string, At<number>>;
  readonly options: ReadonlyMap<string, At<number | string>>;
  readonly name?: At<string>;
  /** The place of the key `sizes`, or of the entry where there is none. */
  readonly sizesSpan: Span;
}

export interface BuildFile {
  readonly source: Source;
  /** Relative to the folder of the build file, `/` between folders. */
  readonly out: string;
  readonly kernels: readonly KernelEntry[];
}

const DEFAULTS: EmitOptions = { dtype: 'f32', staged: false, accumulate: false, buffers: 'caller', relaxed: true, target: 'ts' };

/**
 * Reads a build file.
 * @throws DiagnosticError with every problem that shows without looking at the layers
 */
export function readBuildFile(source: Source): BuildFile {
  const file = parseYaml(source);
  const problems = new Problems();
  if (file.value === null) {
    problems.add({ code: 'empty-file', message: 'the build file is empty', span: file.at([]), help: 'list what to build under `kernels:`' });
    problems.stop();
  }
  const check = validator();
  if (!check(file.value)) for (const e of relevant(check.errors ?? [])) report(e, file, problems);
  problems.stop();
  const top = file.value as unknown as RawFile;
  checkOut(top.out ?? 'generated', file, problems);
  const kernels = top.kernels.map((k, n) => entry(k, n, { ...DEFAULTS, ...only(top) }, file));
  checkNames(kernels, problems);
  problems.stop();
  return { source, out: top.out ?? 'generated', kernels };
}

interface RawFile extends Partial<EmitOptions> {
  readonly out?: string;
  readonly kernels: readonly RawKernel[];
}

interface RawKernel extends Partial<EmitOptions> {
  readonly layer: string;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly name?: string;
}

function entry(raw: RawKernel, n: number, defaults: EmitOptions, file: YamlFile): KernelEntry {
  const at = <T>(value: T, ...path: string[]): At<T> => ({ value, span: file.at(['kernels', n, ...path]) });
  const places = <T>(part: 'sizes' | 'options', values: Readonly<Record<string, T>> = {}): Map<string, At<T>> =>
    new Map(Object.entries(values).map(([key, value]) => [key, at(value, part, key)]));
  return {
    ...defaults,
    ...only(raw),
    span: file.at(['kernels', n]),
    layer: at(raw.layer, 'layer'),
    sizes: places('sizes', raw.sizes),
    options: places('options', raw.options),
    ...(raw.name === undefined ? {} : { name: at(raw.name, 'name') }),
    sizesSpan: raw.sizes ? file.at(['kernels', n, 'sizes'], 'key') : file.at(['kernels', n]),
  };
}

/** The emit options among other keys. */
function only(raw: Partial<EmitOptions>): Partial<EmitOptions> {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(DEFAULTS) as (keyof EmitOptions)[]) if (raw[key] !== undefined) found[key] = raw[key];
  return found;
}

function checkOut(out: string, file: YamlFile, problems: Problems): void {
  const parts = out.split('/');
  const wrong = /^(\/|[A-Za-z]:)/.test(out) ? 'is absolute' : out.includes('\\') ? 'has a backslash'
    : parts.includes('..') ? 'leaves the folder of the build file' : hasControl(out) ? 'has a control character'
    : out.startsWith('~') ? 'starts with ~' : undefined;
  if (!wrong) return;
  problems.add({ code: 'output-folder', message: `the folder \`out\` ${wrong}`, span: file.at(['out']),
    help: 'write a folder beside the build file; `--out DIR` may name any' });
}

const hasControl = (text: string): boolean => [...text].some((c) => c < ' ' || c === '\u007f');

function checkNames(kernels: readonly KernelEntry[], problems: Problems): void {
  const seen = new Map<string, Span>();
  for (const { name } of kernels) {
    if (!name) continue;
    const wrong = wrongName(name.value);
    if (wrong) { problems.add({ code: 'bad-name', message: `the name \`${printable(name.value)}\` ${wrong}`, span: name.span }); continue; }
    const first = seen.get(fileKey(name.value));
    if (first) {
      problems.add({ code: 'duplicate-kernel', message: `two kernels are named \`${name.value}\``, span: name.span,
        notes: [{ message: 'the first is here', span: first }] });
    } else seen.set(fileKey(name.value), name.span);
  }
}

// ------------------------------------------------------------------------------------------------------ schema

let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  // A validator runs once in a program: to make it faster takes longer than it saves. Tests hold the schema to its own.
  compiled ??= new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, validateSchema: false, code: { optimize: false } })
    .compile(buildSchema);
  return compiled;
}

/** Errors of ajv that say something of their own. A list that is too long is not searched for more. */
function relevant(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const long = errors.filter((e) => e.keyword === 'maxItems');
  return long.length > 0 ? long : errors.slice(0, 50);
}

function report(e: ErrorObject, file: YamlFile, problems: Problems): void {
  const path = e.instancePath.split('/').slice(1).map((p) => p.replace(/~1/g, '/').replace(/~0/g, '~'));
  const what = path.length === 0 ? 'the build file' : `\`${printable(subject(path))}\``;
  const span = file.at(path);
  const code = 'build-file-invalid';
  const params = e.params as Record<string, unknown>;
  switch (e.keyword) {
    case 'additionalProperties': {
      const key = String(params['additionalProperty']);
      const known = Object.keys((e.parentSchema as { properties?: object }).properties ?? {});
      const near = closest(key, known);
      problems.add({ code: 'unknown-key', message: `${path.length === 0 ? 'a build file' : 'an entry'} has no \`${printable(key)}\``,
        span: file.at([...path, key], 'key'), help: near ? `did you mean \`${near}\`?` : `it may have ${list(known)}` });
      return;
    }
    case 'required':
      problems.add({ code: 'missing-key', message: `${path.length === 0 ? what : 'this entry'} has no \`${String(params['missingProperty'])}\``, span,
        help: path.length === 0 ? 'list what to build under `kernels:`' : 'name the spec to compile, `layer: layernorm`' });
      return;
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map((v) => (Array.isArray(v) ? `[${v.join(', ')}]` : String(v)));
      const near = closest(text(e.data as Json), allowed);
      problems.add({ code: path.at(-1) === 'target' ? 'unknown-target' : code, message: `${what} cannot be ${text(e.data as Json)}`, span, help: near ? `did you mean ${near}?` : `write ${list(allowed, 'or')}` });
      return;
    }
    case 'maxItems':
      problems.add({ code: 'limit-exceeded', message: `a build file may have ${String(params['limit'])} kernels, this one has ${(e.data as unknown[]).length}`,
        span: file.at(['kernels'], 'key') });
      return;
    case 'minItems':
      problems.add({ code: 'build-file-empty', message: '`kernels` is empty', span, help: 'add an entry such as `- { layer: layernorm, sizes: { N: 8, D: 64 } }`' });
      return;
    default:
      problems.add({ code: path.at(-2) === 'sizes' ? 'size-invalid' : code, message: `${what} ${demand(e, path)}`, span });
  }
}

/** What a value should have been. */
function demand(e: ErrorObject, path: readonly string[]): string {
  if (path.at(-2) === 'sizes') return `is ${text(e.data as Json)}; a size is an integer from 1 to 2147483647`;
  const wanted: Record<string, string> = { string: 'a text', object: 'a map, `{ N: 8 }`', array: 'a list', boolean: 'true or false' };
  const type = (e.params as { type?: string | string[] }).type;
  if (Array.isArray(type)) return 'must be a number or a word';
  if (type !== undefined) return `must be ${wanted[type] ?? type}`;
  if (e.keyword === 'maxLength') return 'is too long';
  return e.keyword === 'minLength' ? 'is empty' : e.message ?? 'is wrong';
}

const subject = (path: readonly string[]): string => (/^\d+$/.test(path.at(-1)!) ? `entry ${Number(path.at(-1)) + 1}` : path.at(-1)!);
const list = (names: readonly string[], word = 'and'): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)!}`;
const text = (v: Json): string => printable(typeof v === 'object' && v !== null ? (Array.isArray(v) ? 'a list' : 'a map') : String(v));

/** Text of the user inside a message: one line, short, nothing that moves the cursor of a terminal. */
const printable = (s: string): string => {
  const clean = [...s].map((c) => (c < ' ' || (c >= '\u007f' && c < '\u00a0') ? '\ufffd' : c)).join('');
  return clean.length > 60 ? `${clean.slice(0, 57)}...` : clean;
};

/**
 * Identifiers of a generated module. A scope hands out names that are valid, not reserved, and taken by nobody else,
 * so that no spec, whatever it calls its tensors, can break or redirect generated code. The names of a module (sizes,
 * options, strides, arrays) are made once and shared by every function in it.
 */
import { baseAxis, sizeOf } from './affine.ts';
import { numberText } from './print.ts';
import type { Env, Layer } from './tensor.ts';

/** Words of the language, globals that generated code uses, and names that every module exports. */
const RESERVED: readonly string[] = [
  'abstract', 'any', 'arguments', 'as', 'async', 'await', 'boolean', 'break', 'case', 'catch', 'class', 'const',
  'constructor', 'continue', 'debugger', 'declare', 'default', 'delete', 'do', 'else', 'enum', 'eval', 'export',
  'extends', 'false', 'finally', 'for', 'from', 'function', 'get', 'if', 'implements', 'import', 'in', 'infer',
  'instanceof', 'interface', 'is', 'keyof', 'let', 'module', 'namespace', 'never', 'new', 'null', 'number', 'object',
  'of', 'package', 'private', 'protected', 'prototype', 'public', 'readonly', 'require', 'return', 'set', 'static',
  'string', 'super', 'switch', 'symbol', 'this', 'throw', 'true', 'try', 'type', 'typeof', 'undefined', 'unique',
  'unknown', 'using', 'var', 'void', 'while', 'with', 'yield', '__proto__',
  'Array', 'ArrayBuffer', 'Error', 'Float32Array', 'Float64Array', 'Infinity', 'Int32Array', 'Math', 'NaN', 'Number',
  'Object', 'RangeError', 'Readonly', 'String', 'Symbol', 'TypeError', 'Uint8Array', 'WebAssembly', 'globalThis',
  'spec', 'Cache', 'Buffers', 'Bound', 'createCache', 'bind', 'attach', 'canRun', 'bound', 'buffers', 'cache', 'seed', 'step', 'forward', 'forwardTrain',
  'forwardTest', 'backward', 'backwardTrain', 'backwardTest', 'backwardStaged', 'backwardTrainStaged',
  'backwardTestStaged', 'checkArray', 'checkHeld', 'checkBound', 'checkDraw', 'badIndex', 'erf', 'sigmoid', 'fillUniform', 'fillPiece', 'exports',
];

export class Scope {
  readonly #taken: Set<string>;
  /** Names of the scopes inside this one: taking one of them would be shadowed there. */
  readonly #inside = new Set<string>();
  readonly #parent: Scope | undefined;

  constructor(parent?: Scope) {
    this.#parent = parent;
    this.#taken = new Set(parent ? [] : RESERVED);
  }

  has(name: string): boolean {
    return this.#taken.has(name) || (this.#parent?.has(name) ?? false);
  }

  /**
   * The wish itself where it is free, else the wish with `_` or a number behind it. Always an ASCII identifier. It is
   * taken in `into`, which may be a scope around this one: a name that is declared further out must be free here too.
   */
  fresh(wish: string, into: Scope = this): string {
    const clean = wish.replace(/'/g, '2').replace(/[^A-Za-z0-9_]/g, '_');
    const base = clean === '' || /^[0-9]/.test(clean) ? `_${clean}` : clean;
    let name = base;
    for (let n = 1; this.has(name) || into.#inside.has(name); n++) name = n === 1 ? `${base}_` : `${base}_${n}`;
    into.#taken.add(name);
    for (let outer = into.#parent; outer; outer = outer.#parent) outer.#inside.add(name);
    return name;
  }
}

export interface NamedConstant {
  readonly name: string;
  readonly value: number;
  /** The right side of its declaration: `64`, or `H * W`. */
  readonly text: string;
  /** Names that the text uses. */
  readonly uses: readonly string[];
}

/** The names that all functions of a module share. */
export interface ModuleNames {
  readonly scope: Scope;
  readonly constants: ReadonlyMap<string, NamedConstant>;
  /** The constant of an axis's size; copies such as `T'` have that of `T`. */
  size(axis: string): NamedConstant;
  option(name: string): NamedConstant;
  /** The product of the sizes of some axes: `HW` for `[H, W]`. Undefined for no axes, which is 1. */
  product(axes: readonly string[]): NamedConstant | undefined;
  /** The parameter that carries a tensor. */
  array(tensor: string): string;
  /** The local that stands for an array of the cache, by its field. */
  field(name: string): string;
}

/** Makes the names of one module. Deterministic: the same layer gives the same names. */
export function moduleNames(layer: Layer): ModuleNames {
  const scope = new Scope();
  const constants = new Map<string, NamedConstant>();
  const sizes = new Map<string, NamedConstant>();
  const options = new Map<string, NamedConstant>();
  const products = new Map<string, NamedConstant>();
  const arrays = new Map<string, string>();
  const fields = new Map<string, string>();
  const declare = (wish: string, value: number, text: string, uses: readonly string[] = []): NamedConstant => {
    const made = { name: scope.fresh(wish), value, text, uses };
    constants.set(made.name, made);
    return made;
  };
  const size = (axis: string): NamedConstant => {
    const base = baseAxis(axis);
    return memo(sizes, base, () => declare(base, sizeOf(layer.env, base), String(sizeOf(layer.env, base))));
  };
  const product = (axes: readonly string[]): NamedConstant | undefined => {
    if (axes.length < 2) return axes[0] === undefined ? undefined : size(axes[0]);
    const parts = axes.map(size);
    const short = axes.every((a) => a.length === 1);
    return memo(products, parts.map((p) => p.name).join('*'), () =>
      declare(parts.map((p) => p.name).join(short ? '' : '_'), parts.reduce((v, p) => v * p.value, 1),
        parts.map((p) => p.name).join(' * '), parts.map((p) => p.name)));
  };
  const numericOption = (name: string): NamedConstant =>
    memo(options, name, () => declare(constantCase(name), optionValue(layer.env, name), numberText(optionValue(layer.env, name))));

  for (const axis of [...layer.givenAxes, ...layer.derivedAxes]) size(axis);
  for (const [name, value] of layer.env.options) if (typeof value === 'number') numericOption(name);
  return {
    scope, constants, size, option: numericOption, product,
    array: (tensor) => memo(arrays, tensor, () => scope.fresh(tensor)),
    field: (name) => memo(fields, name, () => scope.fresh(name)),
  };
}

const optionValue = (env: Env, name: string): number => Number(env.options.get(name));

function memo<V>(map: Map<string, V>, key: string, make: () => V): V {
  const old = map.get(key);
  if (old !== undefined) return old;
  const made = make();
  map.set(key, made);
  return made;
}

const constantCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

/** specs/schema.json and the validator made of it; both on first use, because making one takes a fortieth of a second. */
import { existsSync, readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invariant } from '../../support/invariant.ts';

interface Schema {
  readonly $defs: Readonly<Record<string, object>>;
}

/** One thing the schema has against a file. */
export interface Finding {
  /** Keys and positions from the root to the value. */
  readonly path: readonly string[];
  /** The entry of `$defs` that the value should be; `layer` for the whole file. */
  readonly wanted: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The keys that a mapping may have there. */
  readonly keys: readonly string[];
}

let made: { readonly validate: ValidateFunction; readonly names: ReadonlyMap<unknown, string> } | undefined;

/** Everything the schema has against `data`, in the order in which it was found. */
export function validate(data: unknown): Finding[] {
  made ??= make();
  const { names } = made;
  made.validate(data);
  return (made.validate.errors ?? []).filter((e) => e.keyword !== 'if').map((e) => finding(e, names));
}

function make(): NonNullable<typeof made> {
  const schema = JSON.parse(readFileSync(schemaFile(), 'utf8')) as Schema;
  // To make the validator faster takes longer than it saves. Tests hold the schema to its own.
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, strictNumbers: false, allowUnionTypes: true, inlineRefs: false,
    validateSchema: false, code: { optimize: false } });
  return { validate: ajv.compile(schema), names: new Map(Object.entries(schema.$defs).map(([name, def]) => [def, name])) };
}

function finding(e: ErrorObject, names: ReadonlyMap<unknown, string>): Finding {
  const parent = e.parentSchema as { readonly properties?: Readonly<Record<string, unknown>> } | undefined;
  return {
    path: e.instancePath.split('/').slice(1).map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~')),
    wanted: names.get(parent) ?? 'layer',
    keyword: e.keyword,
    params: e.params as Readonly<Record<string, unknown>>,
    keys: Object.keys(parent?.properties ?? {}),
  };
}

/** The folder of specs stands beside that of the compiler, in the sources as in a package. */
function schemaFile(): URL {
  for (let up = '../../../'; up.length <= 24; up += '../') {
    const url = new URL(`${up}specs/schema.json`, import.meta.url);
    if (existsSync(url)) return url;
  }
  invariant(false, 'specs/schema.json is not in the package');
}

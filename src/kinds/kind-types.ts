import { isObject } from '../protocol/index.js';
import type { KindsDescription } from './describe-kinds.js';
import { SCHEMA_VERSION } from './schema-upgrades.js';

type Schema = Record<string, unknown>;

const BANNER = `/* What \`data\` is for each kind, made by \`atome-sync types\`: createClient<Kinds>(…) checks it. */`;

/** Kinds as TypeScript: `export interface Kinds { note: {…} }`. @throws Error where the library that makes types is missing. */
export async function typesOf({ kinds }: Pick<KindsDescription, 'kinds'>): Promise<string> {
  const { compile } = await import('json-schema-to-typescript').catch(missing);
  const entries = Object.entries(kinds);
  const properties = Object.fromEntries(
    entries.map(([kind, { schema, schemaVersion }]) => [
      kind,
      dataOf(schema ?? {}, `#/properties/${kind}`, schemaVersion),
    ]),
  );
  const all = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false } as const;
  // a schema may name others by address: nothing is fetched for it
  return compile(all, 'Kinds', {
    bannerComment: BANNER,
    $refOptions: { resolve: { external: false } },
  });
}

/** The schema at another place of a document. `data` is an object, whatever its schema leaves unsaid. */
export function dataOf(schema: Schema, to: string, schemaVersion: number | undefined): Schema {
  const { $schema: _dialect, $id: _id, ...own } = moved(schema, to) as Schema;
  if (schemaVersion === undefined) return { type: 'object', ...own };
  const version = { [SCHEMA_VERSION]: { type: 'number', description: 'Written by the server.' } };
  return { type: 'object', ...own, properties: { ...(own.properties as Schema | undefined), ...version } };
}

/** With references within the schema leading to where it is now. */
function moved(value: unknown, to: string): unknown {
  if (Array.isArray(value)) return value.map((each) => moved(each, to));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === '$ref' && typeof each === 'string' && each.startsWith('#') ? to + each.slice(1) : moved(each, to),
    ]),
  );
}

function missing(error: unknown): never {
  if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  throw new Error('types are made by a library that is not here: npm install --save-dev json-schema-to-typescript', {
    cause: error,
  });
}

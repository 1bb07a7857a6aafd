import type { Type } from '@nestjs/common';
import { ApiSchema } from '../api-decorators.js';
import { SCHEMAS } from './schemas.js';

/** What a schema of the contract is called. */
export type SchemaName = keyof typeof SCHEMAS;

const PATH = '#/components/schemas/';
/** An application may have a `Problem` of its own, and a document has one of each name. */
export const MODEL_PREFIX = 'AtomeSync';
const models = new Map<SchemaName, Type<unknown>>();

export function refTo(name: SchemaName): { $ref: string } {
  return { $ref: PATH + MODEL_PREFIX + name };
}

/**
 * Classes that have a document of Swagger define these schemas, and those that they name: it takes nothing but classes, and an
 * application around has a document of its own.
 */
export function modelsOf(names: readonly SchemaName[]): Type<unknown>[] {
  const all = new Set(names);
  // it grows while it is gone through
  for (const name of all) for (const named of namedBy(SCHEMAS[name])) all.add(named);
  return [...all].map(modelOf);
}

/** The schemas that one refers to. */
export function namedBy(schema: unknown): SchemaName[] {
  const refs = JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  return [...refs].map(([, name]) => name as SchemaName);
}

function modelOf(name: SchemaName): Type<unknown> {
  let model = models.get(name);
  if (!model) {
    model = class {
      /** Made by nobody: it is there for its name. */
      declare readonly never: never;
    };
    // a model is an object without properties, unless it says so
    const schema = JSON.parse(JSON.stringify(SCHEMAS[name]).replaceAll(PATH, PATH + MODEL_PREFIX)) as object;
    ApiSchema(copied({ type: undefined, properties: undefined, ...schema, name: MODEL_PREFIX + name }))(model);
    models.set(name, model);
  }
  return model;
}

/** The schemas of a document that has no others, by their plain names. */
export function withPlainNames<Document extends { components?: { schemas?: object } }>(document: Document): Document {
  const plain = JSON.parse(JSON.stringify(document).replaceAll(PATH + MODEL_PREFIX, PATH)) as Document;
  const { schemas = {}, ...components } = plain.components ?? {};
  const named = Object.entries(schemas).map(([name, schema]) => [
    name.startsWith(MODEL_PREFIX) ? name.slice(MODEL_PREFIX.length) : name,
    schema as object,
  ]);
  return { ...plain, components: { ...components, schemas: Object.fromEntries(named) as object } };
}

/** The same, of which whoever reads gets a copy: what a document of OpenAPI 3.1 is given is changed into its own words in place. */
function copied<T extends object>(schema: T): T {
  const members = Object.entries(schema).map(([key, value]): [string, PropertyDescriptor] => [
    key,
    { enumerable: true, get: () => structuredClone(value) as unknown },
  ]);
  return Object.defineProperties({} as T, Object.fromEntries(members));
}

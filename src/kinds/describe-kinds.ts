import { createHash } from 'node:crypto';
import { canonicalJson } from '../protocol/index.js';
import type { DoneAnswer } from '../protocol/messages/answers.js';
import type { JsonSchema, KindOptions } from './kind-options.js';
import type { KindRegistry } from './kind-registry.js';
import { isStandardSchema } from './standard-schema.js';

/** A kind as others are told of it. */
type KindDescription = Required<Pick<KindOptions, 'defaults' | 'readonly' | 'immutable' | 'indexed'>> & {
  /** null where there is none, or none that can be said in JSON. */
  readonly schema: JsonSchema | null;
  /** What new atomes have as `data.schemaVersion`; left out where they have none. */
  readonly schemaVersion?: number;
};

/** The kinds of a server. */
export interface KindsDescription {
  /** Another text for other kinds. */
  readonly version: string;
  /** Whether there are no others. */
  readonly kindsOnly: boolean;
  readonly kinds: Readonly<Record<string, KindDescription>>;
}

/** The answer to who asks for the kinds. */
export interface SchemaAnswer extends DoneAnswer, KindsDescription {}

/** What there is to say of kinds in JSON; hooks are the application's own. */
export function describeKinds(registry: KindRegistry | undefined): KindsDescription {
  const options = Object.entries(registry?.kinds ?? {});
  const kinds = Object.fromEntries(
    options.map(([kind, { schema, defaults = {}, readonly = [], immutable = [], indexed = [], upgrades }]) => [
      kind,
      {
        schema: jsonSchemaOf(schema),
        defaults,
        readonly,
        immutable,
        indexed,
        ...(upgrades && { schemaVersion: upgrades.length + 1 }),
      },
    ]),
  );
  const kindsOnly = registry?.isOnly ?? false;
  const digest = createHash('sha256')
    .update(canonicalJson([kinds, kindsOnly]))
    .digest('hex');
  return { version: digest.slice(0, 16), kindsOnly, kinds };
}

function jsonSchemaOf(schema: KindOptions['schema']): JsonSchema | null {
  if (!isStandardSchema(schema)) return schema ?? null;
  try {
    const told = schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
    return (told as JsonSchema | undefined) ?? null;
  } catch {
    // the library says so where a schema has no such form, and it judges all the same
    return null;
  }
}

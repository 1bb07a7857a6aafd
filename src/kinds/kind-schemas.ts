import { describeKinds } from './describe-kinds.js';
import type { KindRegistry } from './kind-registry.js';
import { dataOf } from './kind-types.js';

type Schema = Record<string, unknown>;

const PATH = '#/components/schemas/';
const OF_KIND = 'AtomeOfKind';

/**
 * Schemas of a document for what `data` is, and for the atome, of each kind; and those of the document that name them then.
 * @param prefix of the names of our schemas in the document.
 */
export function kindSchemas(
  registry: KindRegistry | undefined,
  schemas: Readonly<Record<string, unknown>>,
  prefix = '',
): Schema {
  if (!registry) return {};
  const made: Schema = {};
  const mapping: Record<string, string> = {};
  for (const [kind, { schema, schemaVersion }] of Object.entries(describeKinds(registry).kinds)) {
    if (!schema) continue;
    const name = freeName(kind, { ...schemas, ...made });
    made[`${name}Data`] = dataOf(schema, `${PATH}${name}Data`, schemaVersion);
    made[`${name}Atome`] = {
      description: `An atome of the kind \`${kind}\`, written since its schema is what it is.`,
      allOf: [
        ref(`${prefix}Atome`),
        { type: 'object', properties: { kind: { const: kind }, data: ref(`${name}Data`) } },
      ],
    };
    mapping[kind] = `${PATH}${name}Atome`;
  }
  const refs = Object.values(mapping).map(($ref) => ({ $ref }));
  if (refs.length === 0) return {};
  made[OF_KIND] = { oneOf: refs, discriminator: { propertyName: 'kind', mapping } };
  return { ...made, ...named(schemas, prefix) };
}

const ref = (name: string): Schema => ({ $ref: PATH + name });

/** Answers say that an atome may be of one of the kinds; one that is erased, or older than its schema, need not fit. */
function named(schemas: Readonly<Record<string, unknown>>, prefix: string): Schema {
  const general = JSON.stringify({ anyOf: [ref(`${prefix}Atome`), ref(`${prefix}AtomeParts`)] }).slice(1, -2);
  const answers = Object.entries(schemas).map(([name, schema]) => [
    name,
    JSON.stringify(schema).replaceAll(
      general,
      `"anyOf":[${JSON.stringify(ref(OF_KIND))},${general.slice('"anyOf":['.length)}`,
    ),
  ]);
  return Object.fromEntries(answers.map(([name, text]) => [name, JSON.parse(text!)])) as Schema;
}

/** `order.line` is `OrderLine`; a name that is taken gets a number. */
function freeName(kind: string, taken: Schema): string {
  const words = kind.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('') || 'Kind';
  const isTaken = (each: string): boolean => `${each}Data` in taken || `${each}Atome` in taken;
  let free = name;
  for (let count = 2; isTaken(free); count += 1) free = `${name}${count}`;
  return free;
}

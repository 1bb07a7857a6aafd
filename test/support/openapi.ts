import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = Record<string, unknown>;

/** A body of a document, or what is in one of its answers. */
interface Media {
  readonly schema: Json & { readonly contentSchema?: { readonly items: Json } };
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** An answer of a document. */
export interface DocumentedResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Json }>>;
  readonly content?: Readonly<Record<string, Media>>;
}

/** A call of a document. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: readonly Json[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema: Json;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

/** A document of OpenAPI 3.1. */
export interface ApiDocument extends Json {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>>; readonly securitySchemes?: Json };
}

/** What was really answered. */
export interface RealAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const PATH = '#/components/schemas/';

/** Holds what a server says to what its document says: what the document does not name is wrong too. */
export class Contract {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(readonly document: ApiDocument) {
    addFormats.default(this.ajv);
    const schemas = Object.entries(document.components.schemas);
    for (const [name, schema] of schemas) {
      this.ajv.addSchema({ ...(atStrictest(schema) as Json), $id: name });
      this.ajv.addSchema({ ...(atOpen(schema) as Json), $id: `${name}~` });
    }
  }

  /** All calls, as `get /api/atome/{id}`. */
  operations(): [name: string, DocumentedOperation][] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method} ${path}`, operation] as [string, DocumentedOperation],
      ),
    );
  }

  /** What is wrong with a value. */
  errorsOf(schema: Json, value: unknown): string[] {
    const check = this.compiled(schema);
    return check(value) ? [] : check.errors!.map(sentence);
  }

  /** What is wrong with an answer to a call. */
  errorsOfAnswer(operation: DocumentedOperation, { status, headers, text }: RealAnswer): string[] {
    const response = operation.responses[status] ?? operation.responses[`${Math.floor(status / 100)}XX`];
    if (!response) return [`status ${status} is not documented`];
    const missing = Object.entries(response.headers ?? {}).flatMap(([name, { required, schema }]) => {
      const value = headers.get(name);
      if (value === null) return required ? [`the header ${name} is missing`] : [];
      return this.errorsOf(schema, schema.type === 'integer' ? Number(value) : value);
    });
    if (!response.content) return text === '' ? missing : [...missing, `a body: ${text}`];
    const type = (headers.get('content-type') ?? '').split(';')[0]!;
    const media = response.content[type];
    if (!media) return [...missing, `"${type}" is not documented for ${status}`];
    return [...missing, ...this.errorsOfText(media, type, text)];
  }

  /** What is wrong with the text of an answer: one value, lines, or events. */
  private errorsOfText({ schema }: Media, type: string, text: string): string[] {
    if (type.endsWith('json') && type !== 'application/x-ndjson') return this.errorsOf(schema, JSON.parse(text));
    const item = schema.contentSchema?.items;
    if (!item) return [`what the parts of ${type} are is not documented`];
    const parts =
      type === 'text/event-stream'
        ? [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data!)
        : text.trimEnd().split('\n');
    return parts.flatMap((part) => this.errorsOf(item, JSON.parse(part)));
  }

  private readonly made = new Map<Json, ValidateFunction>();

  private compiled(schema: Json): ValidateFunction {
    const made = this.made.get(schema) ?? this.ajv.compile(atStrictest(schema) as Json);
    this.made.set(schema, made);
    return made;
  }
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As it is, with parts that may have more beside them. */
function atOpen(schema: unknown): unknown {
  return rewritten(schema, true);
}

/** What it does not name may not be there. */
function atStrictest(schema: unknown): unknown {
  return rewritten(schema, false);
}

function rewritten(schema: unknown, isOpen: boolean): unknown {
  if (!isObject(schema)) return schema;
  const { $ref, properties, items, additionalProperties, allOf, anyOf, oneOf, ...rest } = schema;
  const each = (list: unknown, open: boolean): unknown[] => (list as unknown[]).map((part) => rewritten(part, open));
  const named = properties !== undefined;
  // its parts are whole only together
  const isPart = named || allOf !== undefined;
  const result: Json = {
    ...rest,
    ...(typeof $ref === 'string' && {
      $ref: $ref
        .replace(PATH, '')
        .replace(/^(\w+)/, isOpen ? '$1~' : '$1')
        .replace('/', '#/'),
    }),
    ...(named && {
      properties: Object.fromEntries(
        Object.entries(properties as Json).map(([name, part]) => [name, rewritten(part, false)]),
      ),
    }),
    ...(items !== undefined && { items: rewritten(items, false) }),
    ...(additionalProperties !== undefined && { additionalProperties: rewritten(additionalProperties, false) }),
    ...(allOf !== undefined && { allOf: each(allOf, true) }),
    ...(anyOf !== undefined && { anyOf: each(anyOf, isOpen || isPart) }),
    ...(oneOf !== undefined && { oneOf: each(oneOf, isOpen || isPart) }),
  };
  if (!isOpen && isPart && additionalProperties === undefined) result.unevaluatedProperties = false;
  return result;
}

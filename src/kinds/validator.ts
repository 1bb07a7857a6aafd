import { createRequire } from 'node:module';
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type addFormats from 'ajv-formats';
import { canonicalJson, isObject, type Issue, type JsonObject } from '../protocol/index.js';
import { boundedCheck, countedPattern, unbounded } from './bounded-check.js';
import type { JsonSchema } from './kind-options.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';

/** What is wrong with the `data` of an atome; nothing where it fits. */
export type Validator = (data: JsonObject) => readonly Issue[];

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
/** Most problems that are looked at, and most characters of a sentence that is not ours. */
const MAX_ISSUES = 20;
const MAX_CHARS = 300;

/** A schema is compiled when the options are checked, and used from then on. */
const compiled = new WeakMap<object, Validator>();

/** @throws Error with a sentence that says why there cannot be one. */
export function validatorOf(schema: JsonSchema | StandardSchema): Validator {
  const known = compiled.get(schema);
  if (known) return known;
  const validator = isStandardSchema(schema) ? standardValidator(schema) : jsonValidator(schema);
  compiled.set(schema, validator);
  return validator;
}

let shared: Ajv2020 | undefined;
/** Whether what is compiled has a pattern that may try many ways. */
let hasPattern = false;

/** As ajv's own. */
const regExp = Object.assign(
  (pattern: string, flags: string): ReturnType<typeof countedPattern> => {
    const counted = countedPattern(pattern, flags);
    hasPattern ||= !(counted instanceof RegExp);
    return counted;
  },
  { code: 'new RegExp' },
);

/** Loaded where there is a schema: it takes a while. */
function ajv(): Ajv2020 {
  if (shared) return shared;
  const require = createRequire(import.meta.url);
  const { Ajv2020: Ajv } = require('ajv/dist/2020.js') as { Ajv2020: typeof Ajv2020 };
  const { default: add } = require('ajv-formats') as { default: typeof addFormats.default };
  const ajv = new Ajv({
    allErrors: true,
    // a schema with an `$id` is one kind's own: another may have the same
    addUsedSchema: false,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    // what all objects inherit is not in the document
    ownProperties: true,
    logger: false,
    code: { regExp },
  });
  add(ajv);
  // the built-in one compares each with each
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must not have the same item twice' },
    validate: (isUnique: boolean, items: readonly unknown[]) =>
      !isUnique || new Set(items.map(canonicalJson)).size === items.length,
  });
  return (shared = ajv);
}

function jsonValidator(schema: JsonSchema): Validator {
  const { $schema: dialect = DIALECT } = schema;
  if (typeof dialect !== 'string' || dialect.replace(/#$/, '') !== DIALECT) {
    throw new Error(`its $schema is ${JSON.stringify(dialect)}; write it in ${DIALECT}`);
  }
  const validate = compile(schema);
  if ('$async' in validate) throw new Error('it has the keyword "$async"; a schema must decide at once');
  const references = JSON.stringify(schema).match(/"\$(ref|dynamicRef)":/g)?.length ?? 0;
  const check = hasPattern || references > 1 ? boundedCheck(validate, references) : validate;
  return (data) => {
    const fits = check(data);
    if (fits === undefined) return [{ path: '/data', message: 'takes too long to be checked; make it simpler' }];
    if (fits) return [];
    // it only says again that a name has been refused
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'propertyNames');
    const issues = errors.slice(0, MAX_ISSUES).map(issueOf);
    // there may be one for each value of a large document
    validate.errors = null;
    return issues;
  };
}

function compile(schema: JsonSchema): ValidateFunction {
  hasPattern = false;
  try {
    // the patterns of what describes schemas count, too
    return unbounded(() => ajv().compile(schema));
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'SyntaxError') throw new Error(`a "pattern" of it is none: ${message}`, { cause: error });
    // what ajv looks at is a schema, which it calls data
    throw new Error(message.replace(/^schema is invalid: /, '').replace(/\bdata(?=\/)/g, ''), { cause: error });
  }
}

/** A problem with a key is told at the key, also where it is the object that has it or not. */
function issueOf({ keyword, instancePath, params, message = 'does not fit', propertyName }: ErrorObject): Issue {
  const { missingProperty, additionalProperty, unevaluatedProperty, allowedValues, allowedValue } = params as Record<
    string,
    unknown
  >;
  const at = (key: unknown): string => `/data${instancePath}${pointerOf(key).slice('/data'.length)}`;
  if (missingProperty !== undefined) return { path: at(missingProperty), message: 'is missing' };
  const stray = additionalProperty ?? unevaluatedProperty;
  if (stray !== undefined) return { path: at(stray), message: 'is not a key of this kind' };
  const path = propertyName === undefined ? `/data${instancePath}` : at(propertyName);
  if (keyword === 'enum') return { path, message: bounded(`must be one of ${JSON.stringify(allowedValues)}`) };
  if (keyword === 'const') return { path, message: bounded(`must be ${JSON.stringify(allowedValue)}`) };
  return { path, message: bounded(message) };
}

function standardValidator(schema: StandardSchema): Validator {
  const validate = (data: unknown): unknown => {
    const result = schema['~standard'].validate(data);
    if (!isThenable(result)) return result;
    // nobody waits for it, and its fault is told here
    void Promise.resolve(result).catch(() => undefined);
    throw new Error('it decides asynchronously; a schema must decide at once, and what asks others is for beforeWrite');
  };
  validate({});
  return (data) => {
    // it is code of the application's: what it gets is not what is kept
    const result = validate(structuredClone(data));
    const issues = isObject(result) && Array.isArray(result.issues) ? (result.issues as unknown[]) : [];
    return issues.slice(0, MAX_ISSUES).map(toldOf);
  };
}

function toldOf(issue: unknown): Issue {
  const { message = 'does not fit', path = [] } = isObject(issue) ? issue : {};
  const keys = (Array.isArray(path) ? path : []).map((each: unknown) => (isObject(each) ? each.key : each));
  return { path: pointerOf(...keys), message: bounded(String(message)) };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof value.then === 'function';
}

/** What leads to a value in `data`, as a JSON Pointer (RFC 6901). */
export function pointerOf(...keys: readonly unknown[]): string {
  return ['/data', ...keys.map((key) => keyToken(String(key)))].join('/');
}

/** A key as it is said in a JSON Pointer. */
export function keyToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function bounded(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}

import { ValidationPipe, type ArgumentMetadata, type Type, type ValidationError } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { invalid, type Issue } from '../protocol/index.js';

type Query = Readonly<Record<string, unknown>>;

/** An empty query, the most common one, gives the same DTO each time, so it is validated once for each type. */
class QueryPipe extends ValidationPipe {
  private readonly empty = new Map<unknown, Promise<unknown>>();

  override transform(query: Query, metadata: ArgumentMetadata): Promise<unknown> {
    if (Object.keys(query).length > 0) {
      const issues = formIssues(query);
      return issues.length > 0 ? Promise.reject(invalid(issues)) : super.transform(query, metadata);
    }
    let checked = this.empty.get(metadata.metatype);
    if (!checked) {
      checked = super.transform(query, metadata).then(Object.freeze);
      this.empty.set(metadata.metatype, checked);
    }
    return checked;
  }
}

const CHECKS = { transform: true, whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true };

/** Checks queries against their DTO, and reports as every other refusal is reported: one sentence for each parameter. */
const QUERY_PIPE = new QueryPipe({
  ...CHECKS,
  exceptionFactory: (errors) => invalid(errors.flatMap((error) => issuesOf(error, '', cure))),
});

/** The same for bodies that no parser of the protocol reads. */
const BODY_PIPE = new ValidationPipe({
  ...CHECKS,
  exceptionFactory: (errors) => invalid(errors.flatMap((error) => issuesOf(error, '', () => ''))),
});

/**
 * The query of a call, checked against its DTO. The call asks for it itself: what Nest hands to a handler has been through the
 * pipes of the application, which may convert and refuse by rules of their own.
 * @throws AtomeError `invalid`, by rejecting.
 */
export function checkedQuery<T>(type: Type<T>, query: unknown): Promise<T> {
  return QUERY_PIPE.transform(query as Query, { type: 'query', metatype: type }) as Promise<T>;
}

/** As {@link checkedQuery}, of a body that no parser of the protocol reads. */
export function checkedBody<T>(type: Type<T>, body: unknown): Promise<T> {
  return BODY_PIPE.transform(body, { type: 'body', metatype: type }) as Promise<T>;
}

/** A whole number of a query, in digits alone; the empty text is none. */
export function WholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const isWithin = (value: unknown): boolean =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
  const checked = ValidateBy({
    name: 'wholeNumber',
    validator: { validate: isWithin, defaultMessage: () => `must be a whole number ${range}, in digits alone` },
  });
  // a pipe of a host application may have made a number of it
  const number = Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
  );
  return (target, property) => {
    checked(target, property);
    number(target, property);
  };
}

/** A list of a query, with commas between. */
export const CommaList = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value));

const REPEATED = 'is given more than once; give it once, and where it takes a list, with commas between';

/** What is wrong with parameters whatever they are called: each is one text. */
function formIssues(query: Query): Issue[] {
  return Object.entries(query).flatMap(([path, value]) => {
    // names that every object has
    if (path in Object.prototype) return [{ path, message: unknown(path) }];
    if (typeof value === 'string') return [];
    return [{ path, message: Array.isArray(value) ? REPEATED : 'cannot have parts in brackets; give it one value' }];
  });
}

function issuesOf(
  { property, value, constraints = {}, children = [] }: ValidationError,
  prefix: string,
  cureFor: (value: unknown) => string,
): Issue[] {
  const path = prefix + property;
  const own = Object.values(constraints).map((text) => ({ path, message: sentence(property, text) + cureFor(value) }));
  return [...own, ...children.flatMap((child) => issuesOf(child, `${path}.`, cureFor))];
}

/** class-validator begins its messages with the property, which the issue names already. */
function sentence(property: string, message: string): string {
  if (message.startsWith('property ')) return unknown(property);
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

/** Of a parameter that nobody knows. */
export const NOT_A_PARAMETER = 'is not a parameter here';

function unknown(property: string): string {
  const [name] = property.split('[', 1);
  return name === property ? NOT_A_PARAMETER : `is not a parameter here; write ${name!}=… without brackets`;
}

function cure(value: unknown): string {
  if (value === '') return '; it is empty: leave it out, or give it a value';
  return typeof value === 'string' && value.includes(',') ? '; it takes one value, not a list' : '';
}

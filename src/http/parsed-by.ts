import { ValidateBy, type ValidationArguments } from 'class-validator';
import { AtomeError } from '../protocol/index.js';

/** Hands a property, with the body it is in, to a parser of the protocol, and returns what that says. */
type Parse = (value: unknown, body: Readonly<Record<string, unknown>>) => unknown;

/** A property is valid when a parser of the protocol takes it: one rule, whoever checks the body. */
export function ParsedBy(parse: Parse): PropertyDecorator {
  const problem = (value: unknown, args: ValidationArguments | undefined): string | undefined => {
    try {
      parse(value, (args?.object ?? {}) as Record<string, unknown>);
      return undefined;
    } catch (error) {
      if (error instanceof AtomeError) return error.message;
      throw error;
    }
  };
  return ValidateBy({
    name: 'parsedBy',
    validator: {
      validate: (value, args) => problem(value, args) === undefined,
      defaultMessage: (args) => problem(args?.value, args) ?? '',
    },
  });
}

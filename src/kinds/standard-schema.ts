/** The part of a Standard Schema that is asked: the interface that zod, valibot, arktype, typebox and others share. */
export interface StandardSchema {
  /** What the standard names, under its one key. */
  readonly '~standard': {
    /** Of the standard: 1. */
    readonly version: number;
    /** Whose schema it is, such as `zod`. */
    readonly vendor: string;
    /** What is wrong with a value, or the value; at once. */
    readonly validate: (value: unknown) => unknown;
    /** The same as a JSON Schema, where the library can say it. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => unknown };
  };
}

/** Whether a value says that it is one. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function';
  const inner = isHolder ? (value as Partial<StandardSchema>)['~standard'] : undefined;
  return typeof inner === 'object' && typeof inner.validate === 'function';
}

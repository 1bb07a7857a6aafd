import type { OwnField, Scalar, Where } from '../../../src/protocol/index.js';

/** As many keys of a path are known. */
type Levels = readonly [0, 0, 0, 0, 0];

/** The paths of keys in an object; arrays have none. */
export type PathIn<Data, Left extends readonly unknown[] = Levels> = Data extends readonly unknown[]
  ? never
  : Data extends object
    ? Left extends readonly [unknown, ...infer Rest]
      ? { [Key in keyof Data & string]-?: Key | `${Key}.${PathIn<Data[Key], Rest>}` }[keyof Data & string]
      : never
    : never;

/** What is at a path. */
export type ValueAt<Data, Path extends string> = Data extends object
  ? Path extends keyof Data
    ? Data[Path]
    : Path extends `${infer Key}.${infer Rest}`
      ? Key extends keyof Data
        ? ValueAt<Data[Key], Rest>
        : never
      : never
  : never;

type Comparable<Value> = Extract<Value, Scalar> | null;
type TextOf<Value> = [Extract<Value, string>] extends [never] ? never : string;
type ItemOf<Value> = Value extends readonly (infer Item)[] ? Extract<Item, Scalar> : never;

/** What must be true of a field with such values. */
interface OperatorsOn<Value> {
  readonly eq?: Comparable<Value>;
  readonly ne?: Comparable<Value>;
  readonly gt?: Extract<Value, string | number>;
  readonly gte?: Extract<Value, string | number>;
  readonly lt?: Extract<Value, string | number>;
  readonly lte?: Extract<Value, string | number>;
  readonly in?: readonly Comparable<Value>[];
  readonly nin?: readonly Comparable<Value>[];
  readonly exists?: boolean;
  readonly contains?: TextOf<Value> | ItemOf<Value>;
  readonly startsWith?: TextOf<Value>;
}

/** A condition on atomes whose `data` has a shape: its paths and values are checked. Any data: any path. */
export type WhereOf<Data> = string extends keyof Data
  ? Where
  : { readonly [Field in OwnField | `meta.${string}`]?: Where[Field] } & {
      readonly [Path in PathIn<Data> as `data.${Path}`]?:
        Comparable<ValueAt<Data, Path>> | OperatorsOn<ValueAt<Data, Path>>;
    } & {
      /** All of these. */
      readonly and?: readonly WhereOf<Data>[];
      /** One of these. */
      readonly or?: readonly WhereOf<Data>[];
    };

/** A path to sort by, `-` in front for descending, in atomes whose `data` has a shape. Any data: any path. */
export type SortOf<Data> = string extends keyof Data
  ? string
  : `${'' | '-'}${OwnField | `data.${PathIn<Data>}` | `meta.${string}`}`;

import type { DOCUMENTS, OwnField, Scalar } from './condition.js';

/** What must be true of one field. */
export interface FieldOperators {
  /** Equal to this. */
  readonly eq?: Scalar;
  /** Not equal, or not there. */
  readonly ne?: Scalar;
  /** Behind this, which is of the same type; text in order of code points. */
  readonly gt?: string | number;
  /** Behind this, or equal. */
  readonly gte?: string | number;
  /** Before this. */
  readonly lt?: string | number;
  /** Before this, or equal. */
  readonly lte?: string | number;
  /** One of these. */
  readonly in?: readonly Scalar[];
  /** None of these. */
  readonly nin?: readonly Scalar[];
  /** Whether it is there, be it null. */
  readonly exists?: boolean;
  /** A text with this in it, or an array with this among its items. */
  readonly contains?: Scalar;
  /** A text that begins with this. */
  readonly startsWith?: string;
}

/** A condition in its JSON form: fields with a value or with operators, and groups. All of it must hold. */
export type Where = {
  readonly [Field in OwnField | `${(typeof DOCUMENTS)[number]}.${string}`]?: Scalar | FieldOperators;
} & {
  /** All of these. */
  readonly and?: readonly Where[];
  /** One of these. */
  readonly or?: readonly Where[];
};

/** A convict schema: nested objects whose leaves have `doc`, `format` and `default`. */
export interface Schema {
  readonly [key: string]: Schema | SchemaLeaf;
}

export interface SchemaLeaf {
  readonly doc: string;
  /** A value that the format refuses makes the leaf one that must be given. */
  readonly default: unknown;
  /**
   * A constructor (`Number`), a name (`'int'`, `'nat'`, `'port'`, `'probability'`, `'milliseconds'`,
   * `'identifier'`, `'*'`), a list of the values allowed, or a function that throws; without one, the type
   * of the default.
   */
  readonly format?: unknown;
  readonly nullable?: boolean;
  readonly env?: string;
  /** Never printed. */
  readonly sensitive?: boolean;
  /** For the reference: a value worth showing. */
  readonly example?: unknown;
}

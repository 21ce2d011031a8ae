/** Why something is not equal; and, where it is a few statements only, which: without them the rest has to be equal. */
export interface Difference {
  readonly why: string;
  /** Left out on both sides. */
  readonly without?: RegExp;
}

const conformingStrings = {
  why: 'the gateway keeps standard_conforming_strings on, or it would read literals differently from the server',
  without: /^(re)?set standard_conforming_strings( (to|=) off)?;.*$/gim,
};

/** Scripts of PostgreSQL that are not equal. One that is not here has to be, and one that is here must not be. */
export const regressionDifferences: Readonly<Record<string, Difference>> = {
  strings: conformingStrings,
  plpgsql: conformingStrings,
  largeobject: {
    why: 'FunctionCall, which \\lo_import and \\lo_export use, is refused with the way round it in its hint',
    without: /^.*\\lo_.*$/gim,
  },
};
export const nodeDifferences: Readonly<Record<string, string>> = {};
export const jdbcDifferences: Readonly<Record<string, string>> = {
  "large objects, by the protocol's function calls": 'FunctionCall is refused, with the way round it in its hint',
};
export const psycopgDifferences: Readonly<Record<string, string>> = {};

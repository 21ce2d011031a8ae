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
  stats: { why: 'rows that psql takes as variables hold the time of a reset, which is each server’s own' },
};
/** Features of the program for node-postgres. */
export const nodeDifferences: Readonly<Record<string, string>> = {};

/** Features of the program for the JDBC driver. */
export const jdbcDifferences: Readonly<Record<string, string>> = {
  "large objects, by the protocol's function calls": 'FunctionCall is refused, with the way round it in its hint',
};

const otherEncodings = 'the gateway keeps client_encoding at UTF8, or it would read texts differently from the server';

/** psycopg2's tests, the first pattern that fits a name. */
const psycopgDifferences: readonly (readonly [RegExp, string])[] = [
  [/\.test_lobject\./, 'large objects by libpq are FunctionCalls, which are refused with the way round it in the hint'],
  [/\.(test_encoding_name|test_copy_bytes|test_copy_text|test_copy_expert_textiobase)$/, otherEncodings],
  [/\.(test_koi8|test_latin1|HstoreTestCase\.test_roundtrip|HstoreTestCase\.test_roundtrip_array)$/, otherEncodings],
  [/\.JsonTestCase\.test_scs$/, 'standard_conforming_strings stays on'],
  [
    /\.TestConnectionInfo\.test_user$/,
    'the user of the connection is the name of the gateway’s connection, not of the role',
  ],
];

export const whyPsycopgDiffers = (test: string): string | undefined =>
  psycopgDifferences.find(([pattern]) => pattern.test(test))?.[1];

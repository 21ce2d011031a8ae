/** Scripts that are not equal, and why. A script that is not here has to be. */
export const regressionDifferences: Readonly<Record<string, string>> = {};
export const nodeDifferences: Readonly<Record<string, string>> = {};
export const jdbcDifferences: Readonly<Record<string, string>> = {
  "large objects, by the protocol's function calls": 'FunctionCall is refused, with the way round it in its hint',
};
export const psycopgDifferences: Readonly<Record<string, string>> = {};

/** A word as sh takes it, whatever characters it has. */
export const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

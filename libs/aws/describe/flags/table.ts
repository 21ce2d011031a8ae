/** Lists of operations by service, as text: `DeleteBackup*` stands for every name that begins so. */
import type { OperationName } from '../../types.js';

export type OperationTable = Readonly<Record<string, string>>;

export interface OperationSet {
  has(operation: OperationName): boolean;
  /** As written, for the test that asks whether the models have them. */
  readonly entries: readonly OperationName[];
}

export const operationSet = (table: OperationTable): OperationSet => {
  const entries = Object.entries(table).flatMap(([service, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((operation) => ({ service, operation })),
  );
  const exact = new Set(
    entries
      .filter(({ operation }) => !operation.endsWith('*'))
      .map(({ service, operation }) => `${service}:${operation}`),
  );
  const beginnings = entries.filter(({ operation }) => operation.endsWith('*'));
  return {
    entries,
    has: ({ service, operation }) =>
      exact.has(`${service}:${operation}`) ||
      beginnings.some((each) => each.service === service && operation.startsWith(each.operation.slice(0, -1))),
  };
};

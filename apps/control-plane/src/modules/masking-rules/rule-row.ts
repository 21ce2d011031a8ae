import type { ConnectionId, MaskingAction, MaskingRule } from '@sallyport/core';

export interface RuleRow {
  readonly id: string;
  /** Null: every connection. */
  readonly connection_id: ConnectionId | null;
  readonly connection_name: string | null;
  readonly kind: MaskingRule['kind'];
  readonly pattern: string;
  readonly action: MaskingAction;
  readonly exempt_groups: readonly string[];
}

export interface RuleView {
  readonly id: string;
  readonly connection: string | null;
  readonly kind: string;
  readonly column?: string;
  readonly detector?: string;
  readonly field?: string;
  readonly action: string;
  readonly exempt_groups: readonly string[];
}

export const ruleOf = ({ id, kind, pattern, action }: RuleRow): MaskingRule => {
  if (kind === 'column') return { id, kind, column: pattern, action };
  return kind === 'field' ? { id, kind, field: pattern, action } : { id, kind, detector: pattern, action };
};

export const viewOf = ({ id, connection_name, kind, pattern, action, exempt_groups }: RuleRow): RuleView => ({
  id,
  connection: connection_name,
  kind,
  [kind]: pattern,
  action,
  exempt_groups,
});

/** The rules for one connection and one person's groups: who is in an exempt group sees what the rule hides. */
export const rulesFor = (
  rows: readonly RuleRow[],
  connection: ConnectionId,
  groups: readonly string[],
): readonly RuleRow[] =>
  rows.filter(
    (row) =>
      (row.connection_id ?? connection) === connection && !row.exempt_groups.some((group) => groups.includes(group)),
  );

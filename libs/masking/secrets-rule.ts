/** What holds where nobody has made a rule. */
export const secretsRule = { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' } as const;

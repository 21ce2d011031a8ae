/** What a hook may answer; `{}` is no opinion. */
export interface HookAnswer {
  readonly decision?: string;
  readonly reason?: string;
  readonly hookSpecificOutput?: {
    readonly permissionDecision?: string;
    readonly permissionDecisionReason?: string;
  };
}

/** Why the answer is a refusal. @returns undefined where it is none */
export const refusalIn = ({ decision, reason, hookSpecificOutput: output }: HookAnswer): string | undefined => {
  if (output?.permissionDecision === 'deny') return output.permissionDecisionReason ?? 'refused';
  return decision === 'block' ? (reason ?? 'refused') : undefined;
};

export const isOpinion = (answer: HookAnswer): boolean => Object.keys(answer).length > 0;

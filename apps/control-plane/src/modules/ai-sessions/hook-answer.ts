/** What a hook is told: nothing, or that the client must not go on. Claude Code and Codex read the same. */
export type HookAnswer =
  | Readonly<Record<string, never>>
  | {
      readonly hookSpecificOutput: {
        readonly hookEventName: 'PreToolUse';
        readonly permissionDecision: 'deny';
        readonly permissionDecisionReason: string;
      };
    }
  | { readonly decision: 'block'; readonly reason: string };

export const noOpinion: HookAnswer = {};

export const callDenied = (reason: string): HookAnswer => ({
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: reason,
  },
});

export const promptBlocked = (reason: string): HookAnswer => ({ decision: 'block', reason });

export const sessionEnded = 'this AI session was ended by an administrator: begin a new one';

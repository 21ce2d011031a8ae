import { expect, test } from 'vitest';
import { turnOf } from '../aws/variables.js';
import { carried, uncarried } from './carry.js';

const program = "/it's here/sallyport-exec";
const event = {
  hook_event_name: 'PreToolUse',
  permission_mode: 'bypassPermissions',
  tool_name: 'Bash',
  tool_input: { command: `psql -c "select 'it''s'"\necho $HOME`, workdir: '/x' },
};
const commandOf = (answer: object | undefined): string =>
  (answer as { hookSpecificOutput: { updatedInput: { command: string } } }).hookSpecificOutput.updatedInput.command;

test('a command that nobody is asked about is started by sallyport-exec, and the rest of the call stays', () => {
  expect(carried(event, program)).toMatchObject({
    hookSpecificOutput: { permissionDecision: 'allow', updatedInput: { workdir: '/x' } },
  });
  expect(commandOf(carried(event, program))).toMatch(/^'\/it'\\''s here\/sallyport-exec' 'psql /);
});

test('afterwards the model’s own command is told', () => {
  const after = { ...event, tool_input: { ...event.tool_input, command: commandOf(carried(event, program)) } };
  expect(uncarried(after)).toEqual(event);
  expect(carried(after, program)).toBeUndefined();
  expect(uncarried(event)).toBe(event);
});

test.each([
  { permission_mode: 'default' },
  { permission_mode: undefined },
  { hook_event_name: 'PostToolUse' },
  { tool_name: 'apply_patch' },
  { tool_input: { command: ['ls'] } },
  { tool_input: 'ls' },
])('nothing is allowed that somebody may be asked about, and nothing else is touched: %j', (change) => {
  expect(carried({ ...event, ...change }, program)).toBeUndefined();
});

test('a ticket that a command asks for by itself is for the call that its client tells', () => {
  const codex = { CODEX_SESSION_ID: 'c1', CODEX_TOOL_CALL_ID: 'call_1' };
  expect(turnOf(codex)).toEqual({ aiClient: 'codex', aiSession: 'c1', toolCall: 'call_1' });
  expect(turnOf({ CLAUDE_CODE_SESSION_ID: 's1', AI_AGENT: 'claude-code_2-1-329_agent' })).toEqual({
    aiClient: 'claude-code',
    aiSession: 's1',
  });
  const known = { SALLYPORT_AI_CLIENT: 'claude-code', SALLYPORT_AI_SESSION: 's1', SALLYPORT_TURN: 'p1' };
  expect(turnOf({ ...codex, ...known })).toEqual({ aiClient: 'claude-code', aiSession: 's1', turn: 'p1' });
  expect(turnOf({})).toEqual({});
});

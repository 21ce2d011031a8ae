import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quoted } from '../quoted.js';
import { callOf } from './caller.js';
import { evaluated } from './evaluated.js';

/** As Claude Code 2.1.329 starts its shell, the command between the two. */
const lead =
  "source '/h/it'\"'\"'s/.claude/shell-snapshots/snapshot-bash-1-a.sh' 2>/dev/null || true && { \\builtin shopt -u extglob || \\builtin setopt NO_EXTENDED_GLOB; } >/dev/null 2>&1 || true && ";
const rest = ' < /dev/null && pwd -P >| /scratch/claude-1f6b-cwd';
const soft = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

describe('the command in a client’s shell line', () => {
  test.each([
    'psql -c "select 1"',
    "echo 'it''s' | wc -c; ! false",
    'cat <<EOF | tr a b\nban\'ana && eval "x"\nEOF',
    '',
    `eval 'a' && echo "\\$x" $(date) \`date\``,
    'größer 漢字',
  ])('%j is told as the model wrote it', (command) => {
    expect(evaluated(`${lead}eval ${soft(command)}${rest}`)).toBe(command);
    expect(evaluated(`${lead}eval ${quoted(command)}${rest}`)).toBe(command);
  });

  test('is what a shell takes it for', () => {
    for (const word of [`a"b\\"c\\$d"'e f'\\ g`, `"\\\\x\\y"`, `''`, `x\\\ny`]) {
      const shell = spawnSync('bash', ['-c', `printf %s ${word}`]).stdout.toString();
      expect(evaluated(`eval ${word}`)).toBe(shell);
    }
  });

  test.each([
    'psql -c "select 1"',
    'echo eval x',
    "echo 'a && eval b'",
    'cat > eval x',
    'eval "$LATER"',
    'eval `date`',
    "eval 'without an end",
    'eval',
    'medieval x',
  ])('%j has none', (line) => expect(evaluated(line)).toBeUndefined());
});

describe('a tool call', () => {
  const claude = { CLAUDE_CODE_SESSION_ID: 's1', AI_AGENT: 'claude-code_2-1-329_agent' };
  const codex = { CODEX_SESSION_ID: 'c1', CODEX_THREAD_ID: 'th1', CODEX_TOOL_CALL_ID: 'call_1' };
  const line = `${lead}eval ${soft('psql -l')}${rest}`;
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  test('of Claude Code has its session, its trace and the model’s own command', () => {
    expect(callOf([line], { ...claude, TRACEPARENT: traceparent })).toEqual({
      client: 'claude-code',
      aiSession: 's1',
      command: 'psql -l',
      traceparent,
    });
  });
  test('of a version that writes its line in another way has the whole line', () => {
    expect(callOf(['psql -l'], claude)).toMatchObject({ client: 'claude-code', command: 'psql -l' });
  });
  test('of a version that does not name itself is told by its line', () => {
    expect(callOf([line], { CLAUDE_CODE_SESSION_ID: 's1' })).toMatchObject({ command: 'psql -l' });
    expect(callOf(['psql -l'], { CLAUDE_CODE_SESSION_ID: 's1' })).toBeUndefined();
  });
  test('of Codex has its own id', () => {
    expect(callOf(['psql', '-c', "it's"], codex)).toEqual({
      client: 'codex',
      aiSession: 'c1',
      toolCall: 'call_1',
      command: `'psql' '-c' 'it'\\''s'`,
    });
    expect(callOf(['x'], { CODEX_THREAD_ID: 'th1', CODEX_TOOL_CALL_ID: 'call_1' })).toMatchObject({ aiSession: 'th1' });
  });
  test('of one client that the other has started is the inner one’s', () => {
    expect(callOf([line], { ...codex, ...claude })).toMatchObject({ client: 'claude-code' });
    expect(callOf(['psql'], { ...codex, ...claude })).toMatchObject({ client: 'codex' });
  });
  test('is not a hook or a server of the client’s, nor what a person types', () => {
    expect(callOf(['sallyport hook'], { ...claude, AI_AGENT: 'claude-code_2-1-329_harness' })).toBeUndefined();
    expect(callOf(['sallyport', 'mcp'], { CLAUDE_CODE_SESSION_ID: 's1' })).toBeUndefined();
    expect(callOf([line], {})).toBeUndefined();
  });
  test('has no trace that is none', () => {
    expect(callOf([line], { ...claude, TRACEPARENT: 'x\n00' })).not.toHaveProperty('traceparent');
  });
});

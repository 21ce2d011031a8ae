import { describe, expect, test } from 'vitest';
import { agentPaths } from './agent-paths.js';
import { hookEvent } from './hook-event.js';
import { comparableText, placeMessage } from './message-placing.js';
import { isNotification, notifiedOf } from './notification.js';
import { readsOutsideContent } from './outside-content.js';
import { agreement, told, untold } from './tool-call-state.js';
import { inputOfText, inputOfValue } from './tool-input.js';

describe('the shell command of a tool call', () => {
  test.each([
    [{ command: ' psql -c 1\r\n' }, 'psql -c 1'],
    [{ cmd: 'psql -c 1' }, 'psql -c 1'],
    [{ command: ['bash', '-lc', 'psql -c 1'] }, 'psql -c 1'],
    [{ command: ['/bin/zsh', '-c', 'psql -c 1'] }, 'psql -c 1'],
    [{ command: ['psql', '-c', '1'] }, 'psql -c 1'],
    [{ action: { type: 'exec', command: ['sh', '-c', 'ls'] } }, 'ls'],
  ])('is found in %j', (input, command) => {
    expect(inputOfValue(input).command).toBe(command);
  });

  test.each([[{}], [{ command: 7 }], [{ command: [] }], [{ command: ['a', 7] }], ['ls'], [null], [{ path: '/x' }]])(
    'is not made up of %j',
    (input) => {
      expect(inputOfValue(input).command).toBeUndefined();
    },
  );
});

test('inputs are compared as values: order, white space and escapes of their JSON say nothing', () => {
  const value = inputOfValue({ b: [1, 'ä'], a: null });
  expect(inputOfText(' {"a":null, "b":[1.0,"\\u00e4"]}')).toEqual(value);
  expect(inputOfText('')).toEqual(inputOfValue({}));
  expect(inputOfText('{"a":1')).toEqual({ text: '{"a":1' });
  expect(inputOfText('{"a":{"b":1}}')).not.toEqual(inputOfText('{"a":{"b":2}}'));
});

test.each([
  ['WebFetch', true],
  ['WebSearch', true],
  ['web_search', true],
  ['web_fetch_20250910', true],
  ['mcp__wiki__read', true],
  ['wiki__read', true],
  ['ReadMcpResourceTool', true],
  ['browser_navigate', true],
  ['computer', true],
  ['Bash', false],
  ['Read', false],
  ['exec_command', false],
  ['__init__', false],
])('%s reads what others wrote: %s', (tool, outside) => {
  expect(readsOutsideContent(tool)).toBe(outside);
});

test('a notification begins as one, and names a tool call or none', () => {
  expect(isNotification('\n<task-notification><tool-use-id> toolu_1 </tool-use-id>')).toBe(true);
  expect(isNotification('what does <task-notification> mean?')).toBe(false);
  expect(notifiedOf('<task-notification><tool-use-id> toolu_1 </tool-use-id>')).toBe('toolu_1');
  expect(notifiedOf('<task-notification></task-notification>')).toBeUndefined();
});

describe('a message', () => {
  const message = (seq: number, text: string, source: 'hook' | 'model' | 'otlp' = 'hook', confirmed = false) => ({
    seq,
    source,
    text,
    text_hmac: Buffer.from(text),
    confirmed_at: confirmed ? new Date(0) : null,
  });
  const said = (text: string, source: 'hook' | 'model' | 'otlp') => ({ source, text, hmac: Buffer.from(text) });

  test.each([
    ['is new in a turn without any', [], said('a', 'hook'), { as: 'new' }],
    ['confirms what the other witness told', [message(1, 'a')], said('a', 'model'), { as: 'confirmation', seq: 1 }],
    [
      'confirms the earlier of two',
      [message(1, 'a'), message(2, 'b')],
      said('a', 'model'),
      { as: 'confirmation', seq: 1 },
    ],
    ['repeats the last one of a hook', [message(1, 'a')], said('a', 'hook'), { as: 'repeat', seq: 1 }],
    [
      'of a hook that says an earlier one again is new',
      [message(1, 'a'), message(2, 'b')],
      said('a', 'hook'),
      { as: 'new' },
    ],
    [
      'of a model that says an earlier one again is a request again',
      [message(1, 'a', 'hook', true), message(2, 'b', 'hook', true)],
      said('a', 'model'),
      { as: 'repeat', seq: 1 },
    ],
    ['expands what was typed', [message(1, '/fix')], said('Do this: /fix', 'model'), { as: 'new', expands: 1 }],
    ['expands nothing that was confirmed', [message(1, '/fix', 'hook', true)], said('x /fix', 'model'), { as: 'new' }],
    [
      'of telemetry does not confirm its own client’s hook',
      [message(1, 'a')],
      said('a', 'otlp'),
      { as: 'repeat', seq: 1 },
    ],
    ['of a model confirms telemetry', [message(1, 'a', 'otlp')], said('a', 'model'), { as: 'confirmation', seq: 1 }],
    [
      'of telemetry is what a model was shown more of',
      [message(1, '<command>/review the orders</command>', 'model')],
      said('/review the orders', 'otlp'),
      { as: 'repeat', seq: 1 },
    ],
    [
      'of telemetry is not found in another by chance',
      [message(1, 'yes, do', 'model')],
      said('yes', 'otlp'),
      { as: 'new' },
    ],
  ] as const)('%s', (_title, known, what, placing) => {
    expect(placeMessage(known, what)).toEqual(placing);
  });

  test('is compared without what is hidden in it, on either side', () => {
    expect(comparableText(' use ⟦API-KEY:0123456789ab⟧\r\nnow')).toBe(comparableText('use [redacted:api-key]\nnow '));
    expect(comparableText('use ⟦API-KEY⟧')).not.toBe(comparableText('use [redacted:api-key]'));
  });
});

describe('a tool call', () => {
  const at = new Date(0);
  const marks = (text: string) => ({ input: Buffer.from(text), command: null });
  const operation = 'op' as never;

  test('agrees once both witnesses have told the same, in either order', () => {
    const proposed = told(untold, { event: 'proposed', at, marks: marks('a'), operation });
    expect(agreement(proposed)).toBeUndefined();
    expect(agreement(told(proposed, { event: 'asked', at, marks: marks('a') }))).toBe(true);
    const asked = told(untold, { event: 'asked', at, marks: marks('a') });
    expect(agreement(told(asked, { event: 'proposed', at, marks: marks('a'), operation }))).toBe(true);
    expect(agreement(told(asked, { event: 'proposed', at, marks: marks('b'), operation }))).toBe(false);
  });

  test('keeps the first word of each witness, and that another one came', () => {
    const asked = told(untold, { event: 'asked', at, marks: marks('a') });
    const again = told(asked, { event: 'asked', at: new Date(9), marks: marks('b') });
    expect(again).toEqual({ ...asked, contradicted: true });
    const ran = told(asked, { event: 'finished', at, outcome: 'done', marks: marks('b') });
    expect(ran).toMatchObject({ contradicted: true, hook_input_hmac: Buffer.from('a'), outcome: 'done' });
  });

  test('ends once', () => {
    const done = told(untold, { event: 'finished', at, outcome: 'done', marks: marks('a') });
    expect(told(done, { event: 'finished', at: new Date(9), outcome: 'failed' })).toEqual(done);
  });
});

test('the path of a sub-agent ends where a client makes its agents go round', () => {
  const paths = agentPaths([
    { agent_id: 'a', parent_agent_id: null },
    { agent_id: 'b', parent_agent_id: 'a' },
    { agent_id: 'x', parent_agent_id: 'y' },
    { agent_id: 'y', parent_agent_id: 'x' },
  ]);
  expect(paths.get('b')).toBe('a/b');
  expect(paths.get('x')!.split('/')).toHaveLength(16);
});

test('a hook’s event is read by its own name only', () => {
  const told = { session_id: 's', prompt_id: 'p', agent_id: null };
  expect(hookEvent({ ...told, hook_event_name: 'constructor' })).toEqual({ session: 's', turn: 'p', kind: 'other' });
  expect(hookEvent({ ...told, hook_event_name: 'SessionEnd', reason: 'free\ntext' })).toMatchObject({
    reason: 'other',
  });
});

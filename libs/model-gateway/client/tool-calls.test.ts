import { GatewayError, type OperationId, type Outcome } from '@sallyport/core';
import type { ModelWitness, OperationRecord } from '@sallyport/engine';
import { Departure, encodeJson } from '@sallyport/http';
import type { ToolCall } from '@sallyport/models';
import { describe, expect, test } from 'vitest';
import { raisedOf, ToolExchange } from './tool-calls.js';
import { commandOf, toolOperation } from './tool-operation.js';

const call: ToolCall = {
  id: 'toolu_1',
  name: 'Bash',
  input: '{"command":"psql -c \'select 1\'"}',
  byProvider: false,
  declared: true,
};
const called = (over: Partial<ToolCall> = {}) => ({
  api: 'anthropic.messages' as const,
  model: 'claude',
  call: { ...call, ...over },
  turn: { client: 'claude-code', aiSession: 's', turn: 't' },
});

describe('a tool call as an operation', () => {
  test('says which tool, what it is told, and whose turn it is', () => {
    expect(toolOperation(called())).toMatchObject({
      action: 'model.tool_call',
      risk: 'write',
      text: "Bash: psql -c 'select 1'",
      resources: ['Bash'],
      turn: { client: 'claude-code', aiSession: 's', turn: 't', toolCall: 'toolu_1' },
      facts: { tool: 'Bash', command: "psql -c 'select 1'", declared: true, by_provider: false, input_cut: false },
    });
  });

  test.each([
    ['Read', {}, 'read'],
    ['Grep', {}, 'read'],
    ['Edit', {}, 'write'],
    ['mcp__db__query', {}, 'write'],
    ['reader', {}, 'write'],
    ['web_search', { byProvider: true, declared: false }, 'read'],
    ['Read', { declared: false }, 'unknown'],
    ['Bash', { declared: false }, 'unknown'],
  ] as const)('%s %j is a %s', (name, over, risk) => {
    expect(toolOperation(called({ name, ...over })).risk).toBe(risk);
  });

  test('made again under another id it is the same; another input, name or API is another', () => {
    const { digest } = toolOperation(called());
    expect(toolOperation(called({ id: 'toolu_2' })).digest).toBe(digest);
    expect(toolOperation(called({ input: '{}' })).digest).not.toBe(digest);
    expect(toolOperation(called({ name: 'bash' })).digest).not.toBe(digest);
  });

  test.each([
    ['Bash', '{"command":"ls -l"}', 'ls -l'],
    ['shell', '{"command":["bash","-lc","ls"]}', 'bash -lc ls'],
    ['exec_command', '{"cmd":"ls"}', 'ls'],
    ['Monitor', '{"command":"tail -f x","description":"d"}', 'tail -f x'],
    ['shell', '{"commands":["cd /","rm -rf x"],"timeout_ms":1}', 'cd /\nrm -rf x'],
    ['write_stdin', '{"session_id":1,"chars":"rm -rf x\\n"}', 'rm -rf x\n'],
    ['Bash', '{"command":', ''],
    ['Bash', '{"command":{"a":1}}', ''],
    ['Bash', 'null', ''],
    ['Read', '{"command":"ls"}', ''],
  ])('the command of %s %s is %j', (name, input, command) => {
    expect(commandOf({ name, input })).toBe(command);
  });

  test('what people read has no secret in it', () => {
    const { text } = toolOperation(called({ input: '{"command":"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE aws s3 ls"}' }));
    expect(text).not.toContain('AKIAIOSFODNN7EXAMPLE');
  });
});

test('a head that is not what it must be ends the call', () => {
  const head = { number: 1, id: 'toolu_1', name: 'Bash', byProvider: false, declared: true };
  const body = Buffer.from('{}');
  expect(raisedOf({ head: encodeJson(head), body })).toEqual({ number: 1, call: { ...call, input: '{}' } });
  for (const broken of [{ number: 'x' }, { declared: 1 }, { byProvider: null }, { id: 7 }, { name: undefined }])
    expect(() => raisedOf({ head: encodeJson({ ...head, ...broken }), body })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
    );
});

describe('a tool call through the engine', () => {
  function exchange(witness: (seen: ModelWitness) => Promise<void> = async () => undefined) {
    const told: (ModelWitness | Outcome)[] = [];
    const made = new ToolExchange({
      ...called(),
      operation: 'op-1' as OperationId,
      handle: {
        witness: async (seen) => {
          await witness(seen);
          told.push(seen);
        },
      },
      gone: new Departure(),
      holdMs: 20,
    });
    const record: OperationRecord = { id: 'op-2' as OperationId, outcome: async (outcome) => void told.push(outcome) };
    return { made, told, record };
  }

  test('is witnessed, and only then allowed', async () => {
    const { made, told, record } = exchange();
    expect(made.verdict).toMatchObject({ outcome: 'deny' });
    await made.forward(undefined, undefined, record);
    expect(made.verdict).toEqual({ outcome: 'allow' });
    expect(told).toEqual([
      {
        kind: 'tool-call',
        turn: { client: 'claude-code', aiSession: 's', turn: 't', toolCall: 'toolu_1' },
        operation: 'op-1',
        id: 'toolu_1',
        name: 'Bash',
        input: call.input,
      },
      { status: 'done', maskedFields: 0 },
    ]);
  });

  test('does not run where nobody could witness it', async () => {
    const { made, told, record } = exchange(async () => {
      throw new GatewayError('SESSION_ENDED', 'the AI session has been ended');
    });
    await made.forward(undefined, undefined, record);
    expect(made.verdict).toMatchObject({
      outcome: 'deny',
      text: expect.stringContaining('the AI session has been ended'),
    });
    expect(told).toEqual([{ status: 'skipped', code: 'SESSION_ENDED', maskedFields: 0 }]);
  });

  test('does not run where its outcome cannot be recorded', async () => {
    const { made } = exchange();
    await made.forward(undefined, undefined, {
      id: 'op-2' as OperationId,
      outcome: () => Promise.reject(new GatewayError('RECORDING_UNAVAILABLE', 'not now')),
    });
    expect(made.verdict).toMatchObject({ outcome: 'deny' });
  });

  test('is told to the model where it was refused, with what to do next; nobody witnesses it', async () => {
    const { made, told } = exchange();
    await made.refuse({ code: 'POLICY_DENIED', message: 'no shell here', hint: 'ask ada' });
    expect(made.verdict).toEqual({
      outcome: 'deny',
      text: 'The gateway refused this tool call, and it was not run: no shell here; ask ada. Do not try the same by another way. Tell the user what you wanted to do and why, or go on without it.',
    });
    expect(told).toEqual([]);
  });

  test('that waited too long for people names the review', async () => {
    const { made } = exchange();
    made.waiting({ review: 'rev-1' as never, message: 'waiting for reviewers' });
    await new Promise((resolve) => made.abandoned.addEventListener('abort', resolve));
    await made.refuse({ code: 'CANCELLED', message: 'given up' });
    expect(made.verdict).toMatchObject({ outcome: 'deny', text: expect.stringContaining('rev-1') });
  });
});

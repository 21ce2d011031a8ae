import { inspect } from 'node:util';
import { GatewayError } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { clientEvent } from './client-events.js';
import { mostRecords, otlpRecords } from './otlp-records.js';
import { logs, traces } from './testing/claude-telemetry.js';
import { otlpProtobuf } from './testing/otlp-protobuf.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b8';
const at = new Date('2026-11-29T12:00:00.123Z');

const told = logs([
  {
    name: 'claude_code.user_prompt',
    at,
    traceId,
    attributes: { 'session.id': 's', 'prompt.id': 'p', prompt: 'räum auf' },
  },
  { name: 'claude_code.tool_result', at, attributes: { 'session.id': 's', 'prompt.id': 'p', tool_use_id: 'toolu_1' } },
]);
const spans = traces([
  { name: 'claude_code.tool.execution', traceId, spanId, attributes: { 'session.id': 's', tool_use_id: 'toolu_1' } },
]);

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const ofJson = (value: unknown) => otlpRecords(json(value), 'json', 'logs');

describe('JSON and protobuf of the same telemetry', () => {
  test('give the same log records', () => {
    const { records, left } = ofJson(told);
    expect(otlpRecords(otlpProtobuf('Logs', told), 'protobuf', 'logs')).toEqual({ records, left });
    expect(records).toHaveLength(2);
    expect(records[0]).toEqual({
      names: ['claude_code.user_prompt', 'user_prompt'],
      attributes: new Map([
        ['event.name', 'user_prompt'],
        ['session.id', 's'],
        ['prompt.id', 'p'],
        ['prompt', 'räum auf'],
      ]),
      service: 'claude-code',
      traceId,
      spanId: 'b7ad6b7169203331',
      at,
    });
  });

  test('give the same spans', () => {
    const { records, left } = otlpRecords(json(spans), 'json', 'traces');
    expect(otlpRecords(otlpProtobuf('Traces', spans), 'protobuf', 'traces')).toEqual({ records, left });
    expect(records[0]).toMatchObject({ names: ['claude_code.tool.execution'], traceId, spanId });
  });
});

test('ids that are none are left out, whatever is told beside them', () => {
  const record = (members: object) => ofJson({ resourceLogs: [{ scopeLogs: [{ logRecords: [members] }] }] }).records[0];
  expect(record({ traceId: '0'.repeat(32), spanId: 'xyz', timeUnixNano: '-1', eventName: 'a', more: [{}] })).toEqual({
    names: ['a'],
    attributes: new Map(),
  });
});

test('records beyond the bound are counted, and not read', () => {
  const logRecords = Array.from({ length: mostRecords + 3 }, () => ({ eventName: 'a' }));
  const { records, left } = ofJson({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  expect([records.length, left]).toEqual([mostRecords, 3]);
});

describe('what is no OTLP', () => {
  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"resourceLogs":{}}',
    '{"resourceLogs":[7]}',
    '{"resourceLogs":[{"scopeLogs":""}]}',
  ])('is refused: %s', (text) => {
    expect(() => otlpRecords(Buffer.from(text), 'json', 'logs')).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  });

  test('is refused without repeating any of it', () => {
    const refuse = (): unknown => otlpRecords(Buffer.from('{"canary'), 'json', 'logs');
    expect(refuse).toThrow(expect.toSatisfy((error) => !inspect(error).includes('canary')));
  });

  test.each([
    ['a message that ends after its parent', '0a04120a0a00'],
    ['a group', '0b0c'],
    ['field number 0', '0200'],
    ['bytes that are not there', '0aff'],
  ])('is refused as protobuf: %s', (_title, hex) => {
    expect(() => otlpRecords(Buffer.from(hex, 'hex'), 'protobuf', 'logs')).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  });

  test('is refused when it is small to send and large to hold', () => {
    const many = Buffer.alloc(5_000_000, Buffer.from([0x0a, 0x00]));
    const failure = expect.objectContaining({ code: 'TOO_LARGE' });
    expect(() => otlpRecords(many, 'protobuf', 'logs')).toThrow(failure);
    expect(() => otlpRecords(Buffer.from(`[${'[],'.repeat(2_100_000)}[]]`), 'json', 'logs')).toThrow(failure);
  });

  test('never fails in another way, whichever bytes have changed', () => {
    let state = 20_261_129;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    let refused = 0;
    for (const [encoding, whole] of [
      ['json', json(told)],
      ['protobuf', otlpProtobuf('Logs', told)],
    ] as const)
      for (let round = 0; round < 2_000; round += 1) {
        const bytes = Buffer.from(whole);
        for (let count = random(4); count >= 0; count -= 1) bytes[random(bytes.length)] = random(256);
        try {
          otlpRecords(bytes.subarray(0, bytes.length - random(3)), encoding, 'logs').records.map((record) =>
            clientEvent(record, 'logs'),
          );
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          refused += 1;
        }
      }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('what a client tells', () => {
  const eventOf = (name: string, attributes: Record<string, string>, service?: string) =>
    clientEvent(ofJson(logs([{ name, at, traceId, attributes }], service)).records[0]!, 'logs');
  const claude = { 'session.id': 's', 'prompt.id': 'p' };

  test('is a prompt of its turn', () => {
    expect(eventOf('claude_code.user_prompt', { ...claude, prompt: 'count' })).toEqual({
      kind: 'prompt',
      client: 'claude-code',
      session: 's',
      turn: 'p',
      trace: traceId,
      at,
      text: 'count',
    });
  });

  test.each(['<REDACTED>', '[REDACTED]', ''])('is no prompt where that is withheld: "%s"', (prompt) => {
    expect(eventOf('claude_code.user_prompt', { ...claude, prompt })).toMatchObject({ kind: 'turn' });
  });

  test('is named by codex without turn and trace', () => {
    const codex = { 'conversation.id': 's', call_id: 'call_1', prompt: 'count' };
    const common = { client: 'codex', session: 's', at };
    expect(eventOf('codex.user_prompt', codex, 'codex_cli_rs')).toEqual({ ...common, kind: 'prompt', text: 'count' });
    expect(eventOf('codex.tool_result', codex, 'codex_cli_rs')).toEqual({ ...common, kind: 'call', toolUse: 'call_1' });
  });

  test('is known by `event.name` without its prefix only from the client’s own service', () => {
    const record = (service: string) =>
      ofJson(logs([{ name: 'x.api_request', at, attributes: claude }], service)).records[0]!;
    expect(clientEvent(record('claude-code'), 'logs')).toMatchObject({ kind: 'turn' });
    expect(clientEvent(record('shop'), 'logs')).toBeUndefined();
  });

  test.each([
    ['another event', 'claude_code.api_error', claude],
    ['a name of the language', 'claude_code.constructor', claude],
    ['no session', 'claude_code.api_request', {}],
    ['a session that is a text', 'claude_code.api_request', { 'session.id': 'a b' }],
    ['a call without an id', 'claude_code.tool_result', claude],
  ])('is left out: %s', (_title, name, attributes) => {
    expect(eventOf(name, attributes)).toBeUndefined();
  });
});

import { GatewayError } from '@sallyport/core';
import { encodeJson } from '@sallyport/http';
import { seededNumbers } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { parseCallHead, parseOpenHead, parseVerdict } from './target/call-head.js';
import type { CallHead, VerdictHead } from './wire.js';

const call: CallHead = {
  method: 'POST',
  path: '/v1/messages',
  query: 'beta=true',
  headers: [
    ['anthropic-version', '2023-06-01'],
    ['anthropic-beta', 'a-2026-01-01,b-2026-02-02'],
  ],
  api: 'anthropic.messages',
  model: 'claude-opus-5-5',
  conversation: 'claude-code 1/main',
  length: 12,
  more: true,
};
const verdict: VerdictHead = { number: 2, outcome: 'deny', text: 'not today' };

test('the heads that one half writes the other reads back the same', () => {
  expect(parseCallHead(encodeJson(call))).toEqual(call);
  expect(parseOpenHead(encodeJson({ person: 'ada' }))).toEqual({ person: 'ada' });
  expect(parseVerdict(encodeJson(verdict))).toEqual(verdict);
  expect(parseVerdict(encodeJson({ number: 1, outcome: 'allow' }))).toEqual({ number: 1, outcome: 'allow' });
});

test.each([
  ['a path that climbs', { path: '/v1/../admin' }],
  ['a path with an encoding', { path: '/v1/%2e%2e/admin' }],
  ['a path that names a host', { path: '//evil.example/v1' }],
  ['a query with a line break', { query: 'a\r\nx: y' }],
  ['another method', { method: 'DELETE' }],
  ['an API that nobody knows', { api: 'anthropic.files' }],
])('%s is a violation', (_what, change) => {
  expect(() => parseCallHead(encodeJson({ ...call, ...change }))).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }),
  );
});

test('twenty thousand heads with one byte or member changed are read, or are a violation, never anything else', () => {
  const next = seededNumbers(5);
  const junk = [null, 1.5, -1, '', 'x'.repeat(300), [], {}, [1], [['a']], true, '../..', '\0', 'allow'];
  let refused = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const [head, parse] = next() < 0.7 ? [{ ...call }, parseCallHead] : [{ ...verdict }, parseVerdict];
    const names = Object.keys(head);
    const fields = head as Record<string, unknown>;
    fields[names[Math.floor(next() * names.length)]!] = junk[Math.floor(next() * junk.length)];
    const bytes = encodeJson(fields);
    if (next() < 0.5) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    try {
      parse(bytes);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'PROTOCOL_VIOLATION') throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(5_000);
});

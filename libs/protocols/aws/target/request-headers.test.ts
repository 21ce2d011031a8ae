import { expect, test } from 'vitest';
import { requestHeaders } from './request-headers.js';

const names = (headers: readonly (readonly [string, string])[], modelled?: readonly string[]): string[] =>
  requestHeaders(headers, new Set(modelled)).map(([name]) => name);

test('what an operation’s own model names goes on, and what nobody names does not', () => {
  const headers = [
    ['x-amzn-bedrock-guardrailidentifier', 'g'],
    ['x-forwarded-for', '10.0.0.1'],
    ['x-amz-meta-note', 'n'],
  ] as const;
  expect(names(headers, ['x-amzn-bedrock-guardrailidentifier'])).toEqual([
    'x-amzn-bedrock-guardrailidentifier',
    'x-amz-meta-note',
    'user-agent',
  ]);
  expect(names(headers)).toEqual(['x-amz-meta-note', 'user-agent']);
});

test('no model can let a credential, a host or an encoding through', () => {
  const ours = ['x-amz-security-token', 'authorization', 'host', 'accept-encoding', 'transfer-encoding'];
  expect(
    names(
      ours.map((name) => [name, 'v'] as const),
      ours,
    ),
  ).toEqual(['user-agent']);
});

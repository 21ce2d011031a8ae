import { expect, test } from 'vitest';
import { routeOf } from './route.js';
import type { Route } from './surface.js';

const routes: readonly Route[] = [
  { method: 'POST', path: '/v1/messages', api: 'anthropic.messages' },
  { method: 'GET', path: '/v1/models' },
  { method: 'GET', path: '/v1/models/:id' },
  { method: 'GET', path: '/models/:id', sentAs: '/v1/models/:id' },
];
const surface = { routes, elsewhere: [['/v1/files', 'put it into the message']] as const };
const ask = (method: string, path: string, query = '') => routeOf(surface, { method, path, query });
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

test('takes the routes of the list, with whatever query the SDKs add', () => {
  expect(ask('POST', '/v1/messages', 'beta=true').path).toBe('/v1/messages');
  expect(ask('GET', '/v1/models', 'limit=1000&after_id=x%20y').path).toBe('/v1/models');
});

test.each([
  ['/v1/models/claude-opus-4-5', 'claude-opus-4-5', '/v1/models/claude-opus-4-5'],
  ['/v1/models/ft%3Agpt-4o%3Aorg%3A%3Aid', 'ft:gpt-4o:org::id', '/v1/models/ft:gpt-4o:org::id'],
  ['/v1/models/caf%C3%A9', 'café', '/v1/models/caf%C3%A9'],
  ['/v1/models/%63laude', 'claude', '/v1/models/claude'],
  ['/v1/models/org%2Fmodel', 'org/model', '/v1/models/org%2Fmodel'],
  ['/models/gpt', 'gpt', '/v1/models/gpt'],
])('decodes the name in %s once, and sends the one spelling that was judged', (path, id, sent) => {
  expect(ask('GET', path)).toMatchObject({ id, path: sent });
});

test.each([
  '/v1/messages;x=/../../admin',
  '/v1/messages/',
  '/v1/%6dessages',
  '/v1/messages/../models',
  '//v1/messages',
  '/V1/messages',
  '/v1/models/a/b',
  '/v1/organizations/api_keys',
])('there is no %s', (path) => {
  expect(codeOf(() => ask('POST', path))).toBe('NOT_FOUND');
  expect(codeOf(() => ask('GET', path))).toBe('NOT_FOUND');
});

test.each([
  '/v1/models/a%00b',
  '/v1/models/%2e%2e',
  '/v1/models/..',
  '/v1/models/a%2F..%2Fb',
  '/v1/models/a%5C..%5Cb',
  '/v1/models/a\\..\\b',
  '/v1/models/%2563',
  '/v1/models/%C3',
  '/v1/models/',
  '/v1/mess ages',
  '/v1/messages\u0000',
  '/v1/messages#x',
])('%j is no path', (path) => {
  expect(codeOf(() => ask('GET', path))).toBe('PROTOCOL_VIOLATION');
});

test.each(['_method=DELETE', 'a=b&_METHOD=PUT', '%5Fmethod=x', '_method', 'a=b c', 'a=%zz', 'a=b%5', 'a="b"'])(
  'a query cannot say %s',
  (query) => {
    expect(codeOf(() => ask('POST', '/v1/messages', query))).toBe('PROTOCOL_VIOLATION');
  },
);

test('names and queries have an end', () => {
  expect(codeOf(() => ask('GET', `/v1/models/${'a'.repeat(257)}`))).toBe('PROTOCOL_VIOLATION');
  expect(codeOf(() => ask('GET', '/v1/models', 'x'.repeat(3_000)))).toBe('PROTOCOL_VIOLATION');
});

test('another method is not there, and what else the API has is refused with a way to go on', () => {
  expect(codeOf(() => ask('DELETE', '/v1/messages'))).toBe('NOT_FOUND');
  expect(() => ask('POST', '/v1/files')).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN', hint: 'put it into the message' }),
  );
  expect(() => ask('GET', '/v1/files/file_1/content')).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  expect(codeOf(() => ask('GET', '/v1/filesystem'))).toBe('NOT_FOUND');
});

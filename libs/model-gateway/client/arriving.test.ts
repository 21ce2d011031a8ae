import { expect, test } from 'vitest';
import { fakeIncoming } from '../testing/fake-incoming.js';
import { headOf, passing, ticketOf } from './arriving.js';

const ticket = `spt_${'A'.repeat(43)}`;

test('the ticket comes as a bearer token, as an API key, or as both', () => {
  expect(ticketOf([['authorization', `Bearer ${ticket}`]])).toBe(ticket);
  expect(ticketOf([['x-api-key', ticket]])).toBe(ticket);
  expect(
    ticketOf([
      ['x-api-key', ticket],
      ['authorization', `bearer ${ticket}`],
    ]),
  ).toBe(ticket);
});

test.each([
  ['nothing', [], 'UNAUTHENTICATED'],
  ['an API key of the provider', [['x-api-key', 'sk-ant-api03-secret']], 'TICKET_INVALID'],
  ['another scheme', [['authorization', `Basic ${ticket}`]], 'TICKET_INVALID'],
  [
    'a ticket and a key',
    [
      ['x-api-key', ticket],
      ['authorization', 'Bearer sk-other'],
    ],
    'TICKET_INVALID',
  ],
  [
    'a key and a ticket',
    [
      ['x-api-key', 'sk-other'],
      ['authorization', `Bearer ${ticket}`],
    ],
    'TICKET_INVALID',
  ],
  [
    'a ticket and a word',
    [
      ['x-api-key', ticket],
      ['authorization', 'nonsense'],
    ],
    'TICKET_INVALID',
  ],
  [
    'two tickets',
    [
      ['x-api-key', ticket],
      ['authorization', `Bearer spt_${'B'.repeat(43)}`],
    ],
    'TICKET_INVALID',
  ],
] as const)('%s is no ticket', (_what, headers, code) => {
  expect(() => ticketOf(headers)).toThrow(expect.objectContaining({ code }));
});

test('a message never repeats what was shown', () => {
  expect(() => ticketOf([['x-api-key', 'sk-ant-api03-secret']])).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('sk-ant') }),
  );
});

test.each([
  [
    'x-api-key',
    [
      ['x-api-key', ticket],
      ['x-api-key', ticket],
    ],
  ],
  [
    'authorization',
    [
      ['authorization', `Bearer ${ticket}`],
      ['authorization', `Bearer ${ticket}`],
    ],
  ],
  [
    'content-length',
    [
      ['content-length', '1'],
      ['content-length', '2'],
    ],
  ],
  [
    'content-encoding',
    [
      ['content-encoding', 'gzip'],
      ['content-encoding', 'br'],
    ],
  ],
  [
    'anthropic-version',
    [
      ['anthropic-version', '2023-06-01'],
      ['anthropic-version', '2024-01-01'],
    ],
  ],
  ['Connection', [['connection', 'x-api-key']]],
  ['Connection', [['connection', 'close, anthropic-beta']]],
  ['x-http-method-override', [['x-http-method-override', 'DELETE']]],
  ['x-original-url', [['x-original-url', '/v1/organizations']]],
] as const)('the header %s cannot be read in two ways', (named, headers) => {
  const { incoming } = fakeIncoming({ target: '/v1/messages', headers });
  expect(() => headOf(incoming)).toThrow(
    expect.objectContaining({ code: 'PROTOCOL_VIOLATION', message: expect.stringContaining(named) }),
  );
});

test.each(['http://other/v1/messages', '*', 'v1/messages', ''])('the request target %j is no path', (target) => {
  const { incoming } = fakeIncoming({ target });
  expect(() => headOf(incoming)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});

test('unknown headers pass as they came; what authenticates, frames or came from a proxy does not', () => {
  const kept = [
    ['anthropic-version', '2023-06-01'],
    ['anthropic-beta', 'one,two'],
    ['anthropic-something-new', 'Kept As It Is'],
    ['x-stainless-lang', 'js'],
    ['content-type', 'application/json'],
    ['traceparent', '00-aa-bb-01'],
  ] as const;
  const dropped = [
    ['authorization', `Bearer ${ticket}`],
    ['x-api-key', ticket],
    ['cookie', 'a=b'],
    ['host', 'gate'],
    ['content-length', '12'],
    ['content-encoding', 'gzip'],
    ['accept-encoding', 'gzip'],
    ['x-forwarded-for', '10.0.0.1'],
    ['proxy-authorization', 'Basic x'],
    ['forwarded', 'for=10.0.0.1'],
    ['x-custom-copy', `token ${ticket}`],
    ['x-of-another', `spt_${'B'.repeat(43)}`],
    ['x-witness', `spw_${'C'.repeat(43)}`],
  ] as const;
  expect(passing([...dropped.slice(0, 5), ...kept, ...dropped.slice(5)])).toEqual(kept);
});

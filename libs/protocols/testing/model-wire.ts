/** What every protocol that carries model traffic promises of its routes, its errors and its events. */
import { errorCodes, GatewayError } from '@sallyport/core';
import { type ModelSurface, routeOf } from '@sallyport/model-gateway';
import { readEvents } from '@sallyport/models';
import { expect, test } from 'vitest';
import { mutated, random } from './fuzz.js';

export interface WirePromises {
  readonly surface: ModelSurface;
  /** Addresses that lead somewhere. */
  readonly seeds: readonly string[];
  /** What may be sent on. */
  readonly routes: RegExp;
}

export function promisesOfWire({ surface, seeds, routes }: WirePromises): void {
  test('a hundred thousand addresses lead to a route of the list, in its own spelling, or are refused, and never anything else', () => {
    const next = random(7);
    const codes = new Set<string>();
    let taken = 0;
    for (let round = 0; round < 100_000; round += 1) {
      const target = mutated(next, seeds);
      const [path = '', query = ''] = target.split(/\?(.*)/s);
      try {
        const routed = routeOf(surface, { method: next() < 0.5 ? 'GET' : 'POST', path, query });
        if (!routes.test(routed.path) || /%2e|\.\.|%00|%5c/i.test(routed.path))
          throw new Error(`sent as ${routed.path}`);
        taken += 1;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw new Error(JSON.stringify(target), { cause: error });
        codes.add(error.code);
      }
    }
    expect(taken).toBeGreaterThan(10_000);
    expect([...codes].sort()).toEqual(['FORBIDDEN', 'NOT_FOUND', 'PROTOCOL_VIOLATION']);
  });

  test.each(errorCodes)('%s is told in the error shape of the API, with its hint and its code', (code) => {
    const { status, body } = surface.refusal({ code, message: 'it "cannot" be', hint: 'do this' });
    const { error } = JSON.parse(body.toString('utf8')) as { error: { message: string; type: string } };
    expect(status).toBeGreaterThanOrEqual(400);
    expect(error.message).toBe(`sallyport: it "cannot" be; do this (${code})`);
    expect(error.type).toMatch(/^[a-z_]+$/);
  });

  test('what the SDKs would try again has not run', () => {
    const perhapsRun = ['AGENT_LOST', 'TIMED_OUT', 'INTERNAL', 'RESPONSE_NOT_UNDERSTOOD'] as const;
    const forGood = [
      'POLICY_DENIED',
      'REVIEW_REJECTED',
      'BUDGET_EXHAUSTED',
      'SESSION_ENDED',
      'CANCELLED',
      'FORBIDDEN',
    ] as const;
    for (const code of [...perhapsRun, ...forGood]) {
      const { status } = surface.refusal({ code, message: 'no' });
      expect([408, 409, 429].includes(status) || status >= 500).toBe(false);
    }
  });

  test.each([
    '{"error":{"message":"a"}}',
    '{\n  "error": {\r\n "message": "a" } }',
    'event: message_stop\n\ndata: {}\n\n',
    '<html>\n\n</html>',
    '',
  ])('an error answer is one event whatever is in it, and none of its lines is another: %j', async (body) => {
    async function* bytes() {
      yield surface.ping;
      yield surface.errorEvent(Buffer.from(body), undefined, 0);
    }
    const events = [];
    for await (const event of readEvents(bytes())) events.push(event);
    const told = events.filter((event) => event.name === 'error');
    expect(told).toHaveLength(1);
    expect(told[0]!.data?.replaceAll('\r\n', '\n')).toBe(body.replaceAll('\r\n', '\n'));
    expect(events.filter(({ name }) => name !== '' && name !== 'ping' && name !== 'error')).toEqual([]);
  });
}

import type { Outcome } from '@sallyport/core';
import { type Frame, FrameKind, type OperationRecord } from '@sallyport/engine';
import { expect, test } from 'vitest';
import { encodeJson } from '../frames.js';
import { encodeResponseHead } from '../response-head.js';
import { type Answerable, relay } from './relay.js';

const client = {
  gone: { isOver: false },
  head: () => undefined,
  write: () => true,
  end: () => undefined,
} as unknown as Answerable;
const gate = { isOpen: true, opened: async () => undefined };
const answered = {
  kind: FrameKind.DATA,
  exchange: 1,
  head: new Uint8Array(0),
  body: Buffer.from(encodeResponseHead({ status: 200, headers: [] })),
};

async function onRecord(outcome: object): Promise<Outcome> {
  const frames: Frame[] = [
    answered,
    {
      kind: FrameKind.OUTCOME,
      exchange: 1,
      head: encodeJson({ status: 'done', maskedFields: 0, ...outcome }),
      body: new Uint8Array(0),
    },
  ];
  const told: Outcome[] = [];
  const record = { id: 'o', outcome: async (one: Outcome) => void told.push(one) } as unknown as OperationRecord;
  await relay(client, { next: async () => frames.shift()! }, { gate, record });
  return told[0]!;
}

test('flags come onto the record by the names that are known, once each', async () => {
  const flags = ['remote-image', 'remote-image', 'made up', 7, { a: 1 }];
  expect(await onRecord({ flags })).toEqual({ status: 'done', maskedFields: 0, flags: ['remote-image'] });
});

test.each([[[]], ['remote-image'], [{}], [null], [['other']]])('%j is no list of flags', async (flags) => {
  expect(await onRecord({ flags })).toEqual({ status: 'done', maskedFields: 0 });
});

import type { PersonId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { turnKeyOf } from './turn-key.js';
import { TurnState } from './turn-state.js';

test('the same ids are another turn for another person, client or AI session, however they are split', () => {
  const ada = 'ada' as PersonId;
  const turn = { client: 'claude-code', aiSession: 's', turn: 't' };
  const keys = [
    turnKeyOf(ada, turn),
    turnKeyOf('eve' as PersonId, turn),
    turnKeyOf(ada, { ...turn, client: 'codex' }),
    turnKeyOf(ada, { ...turn, aiSession: 'st', turn: '' }),
    turnKeyOf(ada, { aiSession: 's', turn: 't' }),
    turnKeyOf(ada, { turn: 't' }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(turnKeyOf(ada, { ...turn, toolCall: 'another', agent: 'sub' })).toBe(keys[0]);
  expect(turnKeyOf(ada, { aiSession: 's' })).toBeUndefined();
});

test('a turn counts what happened here and elsewhere once, in whatever order it is told', () => {
  const turn = new TurnState();
  turn.counted();
  turn.counted();
  expect(turn.soFar).toEqual({ writes: 2, untrusted: false });

  expect(turn.take()).toEqual({ writes: 2, untrusted: false });
  turn.counted(); // while the two are being written
  expect(turn.soFar.writes).toBe(3);
  turn.written({ writes: 7, untrusted: false }); // five happened elsewhere
  expect(turn.soFar.writes).toBe(8);
  turn.told({ writes: 6, untrusted: false }); // older, and late
  expect(turn.soFar.writes).toBe(8);
  expect(turn.isWritten).toBe(false);
});

test('a turn keeps what could not be written, and one that read strangers’ words once has done so', () => {
  const turn = new TurnState();
  turn.counted();
  expect(turn.marked()).toBe(true);
  turn.take();
  turn.unwritten();
  expect(turn.soFar).toEqual({ writes: 1, untrusted: true });
  expect(turn.take()).toEqual({ writes: 1, untrusted: true });
  turn.written({ writes: 1, untrusted: true });
  expect(turn.marked()).toBe(false);
  turn.told({ writes: 1, untrusted: false });
  expect(turn.soFar).toEqual({ writes: 1, untrusted: true });
  expect(turn.isWritten).toBe(true);
});

test('what is the same is the same value: decisions are found again by it', () => {
  const turn = new TurnState();
  turn.counted();
  const before = turn.soFar;
  turn.take();
  turn.written({ writes: 1, untrusted: false });
  expect(turn.soFar).toBe(before);
});

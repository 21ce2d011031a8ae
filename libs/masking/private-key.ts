import { type ByteClass, classOf, code } from './byte-class.js';
import { type Detector, STOP, type Tail, tailOf } from './detector.js';

const dash = code('-');
const armour: ByteClass = classOf(/[A-Za-z0-9+/=\t-\r \\:,.()@_-]/);
const label = classOf(/[A-Z0-9 ]/);
const longestLabel = 48;

/**
 * Follows an armoured key to the end of its END line, or to a byte that no armour has.
 * States: 0 body · 1–4 dashes seen, 4 being four or more · 5 the space some write then · 6 `E` · 7 `N` · 8 label of
 * the END line · 9–12 dashes after it.
 */
const armourTail: Tail = {
  step(state, byte) {
    if (armour[byte] !== 1) return STOP;
    if (state >= 8) return endLine(state, byte);
    if (byte === dash) return state < 4 ? state + 1 : state === 4 ? 4 : 1;
    if (state === 4 && byte === code(' ')) return 5;
    if ((state === 4 || state === 5) && byte === code('E')) return 6;
    if (state === 6 && byte === code('N')) return 7;
    return state === 7 && byte === code('D') ? 8 : 0;
  },
};

const endLine = (state: number, byte: number): number => {
  if (byte === dash) return Math.min(state + 1, 12);
  if (state === 12) return STOP;
  return label[byte] === 1 ? 8 : STOP;
};

/** PEM (RFC 7468), OpenSSH, PGP (RFC 9580, 6.2) and SSH2 (RFC 4716) armour; the private part of PuTTY's files. */
export const privateKey: Detector = {
  name: 'private-key',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['-----BEGIN ', '---- BEGIN '],
      find: (window, at, length) => {
        const end = at + length + window.run(at + length, label, longestLabel);
        return window.latin1(at + length, end).includes('PRIVATE KEY')
          ? { start: at, end, tail: armourTail }
          : undefined;
      },
    },
    {
      kind: 'literal',
      literals: ['Private-Lines: '],
      find: (_, at, length) => ({ start: at + length, end: at + length, tail: puttyTail }),
    },
  ],
};

const puttyTail = tailOf(classOf(/[A-Za-z0-9+/=\t-\r ]/));

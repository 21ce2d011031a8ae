import { generateKeyPairSync } from 'node:crypto';
import type { OperationId, SessionId } from '@sallyport/core';
import { decodeFooter, maxPayloadBytes, payloadsOf, RecordingChain, verifyFooter } from '@sallyport/evidence';
import { expect, test } from 'vitest';
import { Recordings } from './recordings.js';

const session = '0190f7a2-1111-7222-8333-444455556666' as SessionId;
const operation = '0190f7a2-7777-7222-8333-444455556666' as OperationId;

/** What enrolment leaves: the key in PEM, and its public half as the certificate shows it. */
function identity() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { identity: { certificate: '', privateKey: pem, ca: '' }, spki };
}

test('what is signed is the chain that the control plane comes to from the pieces and their time stamps', () => {
  const { identity: own, spki } = identity();
  let now = 1_763_715_600_000;
  const recording = new Recordings(own, () => new Date(now++)).of(session).recording(operation);
  const pieces = [Buffer.from('rows'), Buffer.alloc(2 * maxPayloadBytes + 1, 'x')];
  const theirs = new RecordingChain({ session, operation });
  for (const piece of pieces) {
    const at = recording.add(piece);
    for (const payload of payloadsOf(piece)) theirs.record('toClient', payload, at);
  }

  const signed = decodeFooter(recording.footer());

  expect(signed.footer).toEqual(theirs.footer());
  expect(signed.footer.chunks).toBe(4);
  expect(verifyFooter('agent', signed, spki)).toBe(true);
  expect(verifyFooter('agent', signed, identity().spki)).toBe(false);
});

test('from a renewal of the certificate on, its key signs: of responses that had begun before, too', () => {
  const [first, second] = [identity(), identity()];
  const recordings = new Recordings(first.identity, () => new Date());
  const begun = recordings.of(session).recording(operation);

  recordings.signWith(second.identity);

  expect(verifyFooter('agent', decodeFooter(begun.footer()), second.spki)).toBe(true);
});

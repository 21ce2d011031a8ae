import { expect, test } from 'vitest';
import { addSignatures, checkpointText, openCheckpoint, parseCheckpointText, signCheckpoint } from './checkpoint.js';
import { formatVerifierKey, generateNoteKey, keyTypes, parseSecretKey, parseVerifierKey, spkiOf } from './note-keys.js';
import { checkNote, cosignText, formatNote, parseNote, signText } from './notes.js';

// The example of golang.org/x/mod/sumdb/note, which other implementations are tested with as well.
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const peterSecret = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const saying = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const signature =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';

test('the well-known note verifies, and is signed again byte for byte', () => {
  const note = parseNote(`${saying}\n${signature}\n`);
  expect(checkNote(note, [parseVerifierKey(peter)])).toMatchObject({
    verified: [{ key: { name: 'PeterNeumann', id: 'c74f20a3' } }],
    unknown: [],
    invalid: [],
  });
  const signer = parseSecretKey(peterSecret);
  expect(formatVerifierKey(signer.key)).toBe(peter);
  expect(formatNote({ text: saying, signatures: [signText(saying, signer)] })).toBe(`${saying}\n${signature}\n`);
});

test.each([
  'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
])('the published verifier key %s is read and written unchanged', (text) => {
  expect(formatVerifierKey(parseVerifierKey(text))).toBe(text);
});

test.each([
  ['another id', peter.replace('c74f20a3', 'c74f20a4')],
  ['an id in capitals', peter.replace('c74f20a3', 'C74F20A3')],
  ['another name', peter.replace('Peter', 'Paul')],
  ['a space in its name', peter.replace('PeterNeumann', 'Peter Neumann')],
  ['an unknown type', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
  ['a key that is too long', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='],
  ['no key', 'PeterNeumann+c74f20a3'],
  ['what is no base64', 'PeterNeumann+c74f20a3+!!!!'],
])('a verifier key with %s is refused', (_name, text) => {
  expect(() => parseVerifierKey(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test('a secret key that is refused is not repeated in the error', () => {
  const broken = peterSecret.replace('c74f20a3', '00000000');
  expect(() => parseSecretKey(broken)).toThrow(
    expect.not.objectContaining({ message: expect.stringContaining('AYEKFALV') as string }),
  );
});

const log = generateNoteKey('gateway.example/log', keyTypes.ed25519).signer;
const witness = generateNoteKey('gateway.example/agent/1', keyTypes.cosignature).signer;
const checkpoint = {
  origin: 'gateway.example/log',
  size: 20852163,
  root: Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64'),
};

test('a checkpoint is the three lines of c2sp.org/tlog-checkpoint', () => {
  expect(checkpointText(checkpoint)).toBe(
    'gateway.example/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
  );
  expect(openCheckpoint(signCheckpoint(checkpoint, log), log.key).checkpoint).toMatchObject({ size: 20852163 });
});

test.each([
  ['an extension line', 'a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nmore\n'],
  ['a leading zero', 'a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a sign', 'a\n+1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a size beyond safe integers', 'a\n9007199254740992\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['a short root', 'a\n1\nCsUYapGGPo4=\n'],
  ['no origin', '\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
  ['two lines', 'a\n1\n'],
])('a checkpoint with %s is refused', (_name, text) => {
  expect(() => parseCheckpointText(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test('a cosignature signs the time and the note, as c2sp.org/tlog-cosignature says', () => {
  const text = checkpointText(checkpoint);
  const cosignature = cosignText(text, witness, new Date(1679315147_900));
  expect(Buffer.from(cosignature.bytes.subarray(0, 8)).readBigUInt64BE()).toBe(1679315147n);
  const { verified } = checkNote({ text, signatures: [cosignature] }, [witness.key]);
  expect(verified).toEqual([{ key: witness.key, at: new Date('2023-03-20T12:25:47Z') }]);
  for (const at of [3, 20, 71]) {
    const bytes = Uint8Array.from(cosignature.bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
    expect(checkNote({ text, signatures: [{ ...cosignature, bytes }] }, [witness.key]).invalid).toHaveLength(1);
  }
});

test('a log key cannot cosign and a witness key cannot sign', () => {
  expect(() => cosignText('x\n', log, new Date())).toThrow();
  expect(() => signText('x\n', witness)).toThrow();
  expect(() => signCheckpoint({ ...checkpoint, origin: 'another' }, log)).toThrow();
});

test('a witness’s signature cannot stand in for the log’s', () => {
  const text = checkpointText(checkpoint);
  const note = formatNote({ text, signatures: [cosignText(text, witness, new Date())] });
  expect(() => openCheckpoint(note, log.key)).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
  expect(() => openCheckpoint(note, witness.key)).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
});

test('unknown keys are told apart from known ones whose signature is wrong or comes twice', () => {
  const note = parseNote(signCheckpoint(checkpoint, log));
  const [own] = note.signatures;
  expect(checkNote(note, [])).toMatchObject({ verified: [], unknown: [{ name: 'gateway.example/log' }] });
  expect(checkNote({ ...note, text: note.text.replace('3', '4') }, [log.key])).toMatchObject({
    verified: [],
    invalid: [{}],
  });
  expect(checkNote({ ...note, signatures: [own!, own!] }, [log.key])).toMatchObject({ verified: [{}], invalid: [{}] });
});

test('a cosignature is added once', () => {
  const note = signCheckpoint(checkpoint, log);
  const line = formatNote({
    text: '',
    signatures: [cosignText(checkpointText(checkpoint), witness, new Date())],
  }).slice(1, -1);
  const once = addSignatures(note, [line]);
  expect(parseNote(once).signatures).toHaveLength(2);
  expect(addSignatures(once, [line])).toBe(once);
  expect(() => addSignatures(note, ['— a b\n— c d'])).toThrow();
});

test.each([
  ['no empty line', 'text\n— a AAAAAAAAAA==\n'],
  ['no newline at its end', 'text\n\n— a AAAAAAAA'],
  ['no signature', 'text\n\n'],
  ['a line that is no signature', 'text\n\nhello\n'],
  ['a hyphen for the dash', 'text\n\n- a AAAAAAAA\n'],
  ['a name with a plus', 'text\n\n— a+b AAAAAAAA\n'],
  ['a signature of four bytes', 'text\n\n— a AAAAAA==\n'],
  ['base64 with a loose end', 'text\n\n— a AAAAAAB=\n'],
  ['a control character', 'te\u0001xt\n\n— a AAAAAAAA\n'],
  ['a carriage return', 'text\r\n\n— a AAAAAAAA\n'],
  ['too many signatures', `text\n\n${'— a AAAAAAAA\n'.repeat(65)}`],
  ['too many bytes', `${'x'.repeat(40_000)}\n\n— a AAAAAAAA\n`],
])('a note with %s is refused', (_name, text) => {
  expect(() => parseNote(text)).toThrow();
});

test('the key information of a note key is that of RFC 8410', () => {
  expect(Buffer.from(spkiOf(log.key)).toString('hex')).toBe(
    `302a300506032b6570032100${Buffer.from(log.key.publicKey).toString('hex')}`,
  );
});

test('a key with a point that is none verifies nothing', () => {
  const note = parseNote(signCheckpoint(checkpoint, log));
  const bad = { ...log.key, publicKey: new Uint8Array(32).fill(0xff) };
  expect(checkNote(note, [bad]).verified).toEqual([]);
});

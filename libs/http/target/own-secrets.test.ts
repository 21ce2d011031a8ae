import { expect, test } from 'vitest';
import { OwnSecrets, spellingsOf } from './own-secrets.js';

const credential = ['abab/cd+abcde', 'token=of=session'];

function pass(text: string, sizes: number): string {
  const secrets = new OwnSecrets(spellingsOf(credential));
  let passed = '';
  for (let at = 0; at < text.length; at += sizes)
    passed += secrets.pass(Buffer.from(text.slice(at, at + sizes))).toString();
  return passed + secrets.rest().toString();
}

test('what only begins like a secret passes unchanged, in whatever pieces it comes', () => {
  const text = 'ababab abab/cd abab/cd+abcd abab/cd+abcdf token=of=sessio abab';

  for (let size = 1; size <= text.length; size += 1) expect(pass(text, size)).toBe(text);
});

test.each([
  ['the secret', 'abab/cd+abcde'],
  ['the token', 'token=of=session'],
  ['the secret as part of a URL', 'abab%2Fcd%2Babcde'],
])('%s does not pass, nor its beginning, in whatever pieces it comes', (_what, secret) => {
  for (let size = 1; size <= 40; size += 1) {
    const secrets = new OwnSecrets(spellingsOf(credential));
    let passed = '';
    const text = `abab${secret} and more`;
    expect(() => {
      for (let at = 0; at < text.length; at += size)
        passed += secrets.pass(Buffer.from(text.slice(at, at + size))).toString();
    }).toThrow(expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' }));
    expect(passed.length).toBeLessThanOrEqual(4);
  }
});

import { expect, test } from 'vitest';
import { withoutSecrets } from './redaction.js';

const token = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;

test('what an agent has put in the place of a secret stays, and secrets around it do not', () => {
  const text = `use ⟦GITHUB-TOKEN:7f3a9c21b04d⟧ and ${token} now`;
  expect(withoutSecrets({ text })).toEqual({
    text: 'use ⟦GITHUB-TOKEN:7f3a9c21b04d⟧ and [redacted:github-token] now',
  });
});

test('what only looks like such a place hides no secret', () => {
  expect(withoutSecrets({ text: `⟦GITHUB-TOKEN:${token}⟧` }).text).not.toContain(token);
});

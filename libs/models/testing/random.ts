/** The same in every run. */
export type Random = (below: number) => number;

/** Numerical Recipes' generator. */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

export const oneOf = <T>(random: Random, all: readonly T[]): T => all[random(all.length)]!;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const body = (random: Random, length: number): string =>
  Array.from({ length }, () => letters[random(letters.length)]).join('');

/** Values, halves of values, placeholders and what parts them: any two may stand together. */
export const pieceOf = (random: Random): string =>
  oneOf(random, [
    'ada.quillfeather@example.com',
    '@',
    '4111 1111 1111 1111',
    '523-48-7719',
    'GB29 NWBK 6016 1331 9268 19',
    `${'gh'}p_${body(random, 36 + random(4))}`,
    `${'AK'}IAIOSFODNN7EXAMPLE`,
    `${'sp'}t_${body(random, 24)}`,
    `${'sk'}-${body(random, 20 + random(20))}`,
    `eyJ${body(random, random(40))}.eyJ${body(random, random(40))}.${body(random, 20)}`,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEg==\n',
    '-----END RSA PRIVATE KEY-----',
    'postgres://app:p@ss@db/app',
    '://u:',
    '"password": "correct \\" horse"',
    'password=',
    'API_KEY: ',
    'token',
    'Private-Lines: ',
    "identified by 'x y z'",
    'Bearer ',
    '⟦GITHUB-TOKEN:7f3a9c21b04d⟧',
    '⟦EMAIL:123456789012⟧',
    '⟦KEY-VALUE-SECRET:00000000000a⟧',
    '⟦',
    '⟧',
    '⟦URL-PASSWORD:',
    'hello world',
    '日本語',
    'é',
    '😀',
    ' ',
    '\n',
    '"',
    body(random, random(30)),
  ]);

export const textOfPieces = (random: Random, most: number): string =>
  Array.from({ length: 1 + random(most) }, () => pieceOf(random)).join('');

import { describe, expect, test } from 'vitest';
import { compileMasking, detectorNames, type Masker } from './index.js';

const key = new Uint8Array(32).fill(7);
const only = (detector: string): Masker =>
  compileMasking([{ id: 'r', kind: 'detector', detector, action: 'redact' }], { key });

// No sample is written as one literal: scanners of repositories would take it for a live key.
const join = (...parts: readonly string[]): string => parts.join('');
const mixed = (length: number): string => 'a1B2c3D4e5F6g7H8i9J0'.repeat(300).slice(0, length);
const hex = (length: number): string => '0f1e2d3c4b5a6978'.repeat(10).slice(0, length);

const header = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
const claims = Buffer.from('{"sub":"1234567890","name":"Ada"}').toString('base64url');
const token = `${header}.${claims}.${mixed(43)}`;
const pem = (label: string, newline = '\n'): string =>
  [`-----BEGIN ${label}-----`, mixed(64), mixed(64), 'q83vEg==', `-----END ${label}-----`].join(newline);

interface Table {
  /** The text, with « » around what must be hidden. */
  readonly finds: readonly string[];
  readonly leaves: readonly string[];
}

const tables: Record<string, Table> = {
  'aws-access-key-id': {
    finds: [
      `key «${join('AK', 'IA')}IOSFODNN7EXAMPLE» used`,
      `{"AccessKeyId":"«${join('AS', 'IA')}Y34FZKBOKMUTVV7A»"}`,
      `\\n«${join('AK', 'IA')}IOSFODNN7EXAMPLE»`,
    ],
    leaves: [`${join('AK', 'IA')}IOSFODNN7EXAM`, `${join('AK', 'IA')} is the prefix`, 'AKIAlowercaseletters'],
  },
  'aws-session-token': {
    finds: [
      `AWS_SESSION_TOKEN=«${join('IQoJb3JpZ', '2lu')}${mixed(80)}+/==»`,
      `«${join('FwoGZXIv', 'YXdz')}${mixed(60)}»,`,
    ],
    leaves: [`${join('IQoJb3JpZ', '2lu')} short`],
  },
  'github-token': {
    finds: [
      `token «${join('gh', 'p_')}${mixed(36)}» end`,
      `«${join('gh', 's_')}${mixed(40)}»`,
      `x«${join('github', '_pat_')}${mixed(22)}_${mixed(59)}»;`,
    ],
    leaves: [`${join('gh', 'p_')}${mixed(20)}`, 'ghp_ is a prefix', 'github_pat_example'],
  },
  'gitlab-token': { finds: [`«${join('gl', 'pat-')}${mixed(20)}» x`], leaves: ['glpat-is-a-prefix-of-many-tokens'] },
  'slack-token': {
    finds: [
      `«${join('xo', 'xb-')}123456789012-1234567890123-${mixed(24)}»`,
      `https://«${join('hooks.slack', '.com/services/')}T00000000/B00000000/${mixed(24)}»`,
    ],
    leaves: ['xoxb-is-the-prefix', 'https://hooks.slack.com/services/'],
  },
  'stripe-key': {
    finds: [
      `«${join('sk_', 'live_')}${mixed(24)}»`,
      `«${join('rk_', 'test_')}${mixed(24)}»`,
      `«${join('whs', 'ec_')}${mixed(32)}»`,
    ],
    leaves: [`${join('pk_', 'live_')}${mixed(24)}`, 'sk_live_'],
  },
  'anthropic-key': {
    finds: [`key=«${join('sk-', 'ant-')}api03-${mixed(93)}AA»`],
    leaves: ['sk-ant-colony-optimisation-paper'],
  },
  'openai-key': {
    finds: [`«${join('sk', '-')}${mixed(48)}»`, `"«${join('sk', '-proj-')}${mixed(74)}_-x»"`],
    leaves: ['risk-assessment-2024-for-the-board-of-x', 'sk-circle-fade-dot-animation', 'disk-1a2b3c4d5e6f7a8b9c0d'],
  },
  'google-key': {
    finds: [
      `«${join('AI', 'za')}${mixed(35)}»`,
      `«${join('ya', '29.')}${mixed(60)}»`,
      `«${join('GOC', 'SPX-')}${mixed(28)}»`,
    ],
    leaves: [`${join('AI', 'za')}${mixed(20)} `],
  },
  'sendgrid-key': {
    finds: [`«${join('S', 'G.')}${mixed(22)}.${mixed(43)}»`],
    leaves: ['SG.1.2', `MSG.${mixed(22)}.${mixed(43)}`],
  },
  'npm-token': { finds: [`//registry/:_authToken=«${join('np', 'm_')}${mixed(36)}»`], leaves: ['npm_config_registry'] },
  'pypi-token': { finds: [`«${join('pypi', '-AgEIcHlwaS5vcmc')}${mixed(80)}»`], leaves: ['pypi-AgEI'] },
  'vault-token': { finds: [`«${join('hv', 's.')}${mixed(24)}»`], leaves: ['hvs.something_in_lower_case_only'] },
  'digitalocean-token': { finds: [`«${join('dop', '_v1_')}${hex(64)}»`], leaves: [`${join('dop', '_v1_')}${hex(20)}`] },
  'shopify-token': { finds: [`«${join('shp', 'at_')}${hex(32)}»`], leaves: ['shpat_none'] },
  'huggingface-token': {
    finds: [`«${join('h', 'f_')}${'aBcDeFgHiJ'.repeat(4).slice(0, 34)}»`],
    leaves: ['hf_model', `half_${mixed(34)}`],
  },
  'azure-key': {
    finds: [
      `AccountName=x;«${join('Account', 'Key=')}${mixed(86)}==»;EndpointSuffix=y`,
      `«${join('SharedAccess', 'Key=')}${mixed(43)}=»`,
    ],
    leaves: ['AccountKey=none'],
  },
  'azure-client-secret': {
    finds: [`"«abc8${join('Q', '~')}${mixed(34)}»"`],
    leaves: [`abcd${join('Q', '~')}${mixed(34)}`, 'Q~'],
  },
  'age-key': {
    finds: [`«${join('AGE-SECRET', '-KEY-1')}${'QPZRY9X8GF'.repeat(6).slice(0, 58)}»`],
    leaves: ['AGE-SECRET-KEY-1'],
  },
  'sallyport-ticket': {
    finds: [`PGPASSWORD is «${join('sp', 't_')}${mixed(43)}» now`],
    leaves: ['spt_short', 'spt_some_long_table_name_of_ours', `rspt_${mixed(43)}`],
  },
  'sallyport-enrolment-key': {
    finds: [`«${join('sp', 'e_')}${mixed(22)}.${mixed(43)}.${mixed(43)}»`],
    leaves: ['spe_short'],
  },
  'sallyport-witness-token': { finds: [`«${join('sp', 'w_')}${mixed(43)}»`], leaves: ['spw_short'] },
  'sallyport-service-secret': { finds: [`«${join('sp', 's_')}${mixed(43)}»`], leaves: ['sps_short'] },
  'private-key': {
    finds: [
      `before\n«${pem('RSA PRIVATE KEY')}»\nafter`,
      `{"key":"«${pem('PRIVATE KEY', '\\n')}»\\n"}`,
      `«${pem('OPENSSH PRIVATE KEY', '\r\n')}»`,
      `«-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${mixed(64)}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----»!`,
      `«---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\n${mixed(60)}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----»!`,
      `"«-----BEGIN EC PRIVATE KEY-----\n${mixed(64)}»"`,
      `Private-Lines: «2\n${mixed(64)}\n${mixed(20)}=\nPrivate»-MAC: 12`,
    ],
    leaves: [pem('CERTIFICATE'), pem('PUBLIC KEY'), '-----BEGIN '],
  },
  jwt: {
    finds: [`cookie=«${token}»; path=/`, `{"t":"«${token}»"}`, `\\t«${token}»`, `«eyJ${mixed(5000)}.x»`],
    leaves: [`eyJ${mixed(40)} alone`, 'eyJhbGciOi.eyJ', `keyJ${header.slice(3)}.${claims}.x`],
  },
  'aws-secret-access-key': {
    finds: [
      `aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCY${join('EXAMPLE', 'KEY')}»`,
      `{"SecretAccessKey": "«wJalrXUtnFEMI/K7MDENG/bPxRfiCY${join('EXAMPLE', 'KEY')}»"}`,
    ],
    leaves: ['aws_secret_access_key = none', `sha1 ${hex(40)}`],
  },
  'basic-auth': {
    finds: [
      `Authorization: Basic «${Buffer.from('ada:hunter2').toString('base64')}»`,
      `basic «${Buffer.from(`u:${mixed(900)}`).toString('base64')}»`,
    ],
    leaves: ['Basic authentication is off', 'basic research', 'BASIC PROGRAMMING'],
  },
  'bearer-token': {
    finds: [`Authorization: Bearer «${mixed(32)}»`, `bearer  «${mixed(20)}~+/=»,`],
    leaves: ['Bearer authentication_scheme_of_this', 'bearer of news'],
  },
  'signed-url': {
    finds: [
      `https://b.s3.test/k?X-Amz-Date=20260101T000000Z&X-Amz-${'Signature'}=«${hex(64)}»&x=1`,
      `?AWSAccessKeyId=x&Expires=1&${'Signature'}=«vjbyPxybdZaNmGa%2ByT272YEAiv4%3D»"`,
      `?next=https%3A%2F%2Fb.test%3FX-Amz-${'Signature'}%3D«${hex(64)}»`,
      `?Policy=x&${'Signature'}=«${mixed(60)}~-__»&Key-Pair-Id=K1`,
    ],
    leaves: ['Signature=short', 'signature=not-a-random-one-at-all', 'signature verification failed'],
  },
  'url-password': {
    finds: [
      'postgres://app:«s3cret»@db.internal:5432/app',
      'postgresql://app:«p@ss/w0rd»@db/app?x=1',
      'redis://:«hunter2»@cache:6379',
      '{"url":"mongodb+srv://u:«pw»@c.example/db"}',
      `https://u:«${mixed(1500)}»@host`,
    ],
    leaves: [
      'https://example.com:8080/users/@me',
      'https://example.com/a:b@c',
      'https://host:8080?q=a@b',
      'postgres://db.internal:5432/app',
      'http://user@host/',
      'see https://example.com: ask ada@example.com',
    ],
  },
  'key-value-secret': {
    finds: [
      'password=«hunter2hunter2»',
      '{"password": "«hunter2»", "x": 1}',
      '{"db_password":"«correct horse battery staple»"}',
      '{"password":"«a\\"b\\\\»"}',
      '{\\"api_key\\":\\"«abcdef123»\\"}',
      "ALTER ROLE app PASSWORD '«geheim»'",
      "identified by '«geheim»'",
      "secret => E'«geheim»'",
      'https://x/cb?token=«abcdef123456»&state=1',
      'PASSPHRASE: «Tr0ub4dor»&3',
      'clientSecret = `«abc def»`',
      'X-Api-Key: «0123456789»',
      'export MY_SECRET_KEY=«abcdef»',
      'passwordHash: «$2b$12$abcdefgh»',
    ],
    leaves: [
      'password authentication failed for user "app"',
      'the token was wrong',
      '"max_tokens": 4096000',
      'password: null',
      'password_reset_sent_at: 2026-11-21T00:00:00',
      'password = $1',
      '"password": ""',
      'secretary: Adelaide',
      'password=${DB_PASSWORD}',
    ],
  },
  email: {
    finds: [
      'mail «first.last+tag@example.co.uk».',
      "'«ada@example.com»'",
      "«O'Brien@example.ie»",
      '«rené@müller.example»',
      '?to=«ada%40example.com»&x',
      '{"m":"«ada\\u0040example.com»"}',
      'mailto:«x@xn--bcher-kva.example»',
      '«ada.quillfeather@canary.example»',
      '«ada1985@example.com»',
      `${'a'.repeat(6)}«${'b'.repeat(64)}@example.com»`,
    ],
    leaves: [
      'user@localhost',
      'logo@2x.png',
      'git@github.com:team/project',
      'pkg@1.2.3',
      '@ada',
      'a @ b.example',
      'root@10.0.0.1',
    ],
  },
  'payment-card': {
    finds: [
      'card «4111 1111 1111 1111» exp',
      '«4111-1111-1111-1111»',
      '"card":«378282246310005»,',
      '«3782 822463 10005»',
      '«5500005555555559»',
      '«4012888888881881»',
      '«6011000990139424»',
      '«2223003122003222»',
      '12 «4111 1111 1111 1111»',
      '\\n«4111111111111111»',
      'nr«4111111111111111»',
    ],
    leaves: [
      '4111111111111112',
      '1732182000123456',
      '0.4111111111111111',
      '08 00 00 00 00 00 00 00 08',
      'a4111111111111111b',
      '41111111111111110000',
      'f47ac10b-58cc-4372-a567-0e02b2c3d479',
    ],
  },
  iban: {
    finds: [
      '«DE89370400440532013000»',
      'IBAN «GB29 NWBK 6016 1331 9268 19».',
      '«gb29nwbk60161331926819»',
      'x «NO93 8601 1117 947» y',
    ],
    leaves: [
      'DE89370400440532013001',
      'ZZ89370400440532013000',
      'be576855-b0f7-4448-a1a6-f41af70ce18c',
      'ADE89370400440532013000',
      'AB12',
    ],
  },
  'us-ssn': {
    finds: [
      'ssn «523-48-7719» on file',
      'call «618-22-9034»',
      '«523 48 7719»',
      '{"ssn":"«523487719»"}',
      'SSN: «523487719»',
      '\\n«523-48-7719»',
    ],
    leaves: [
      '000-12-3456',
      '666-12-3456',
      '523-00-7719',
      '523-48-0000',
      '523-48-77190',
      '1523-48-7719',
      'id 523487719',
      'ssn: 000487719',
    ],
  },
  'us-itin': { finds: ['«901-77-3345»'], leaves: ['901-13-3345', '523-48-7719'] },
  'uk-nino': {
    finds: ['«AB123456C»', 'NI «AB 12 34 56 C»', '«JG 12 34 56 A».'],
    leaves: ['GB123456C', 'AB123456E', 'DA123456C', 'XAB123456C', 'AB1234567'],
  },
  'es-dni': {
    finds: ['«12345678Z»', 'NIE «X1234567L»', '«12345678-Z»'],
    leaves: ['12345678A', 'A12345678Z', 'X1234567A'],
  },
  'fr-nir': {
    finds: ['«184127645108946»', 'n° 1 «84 12 76 451 089 46»'],
    leaves: ['184127645108947', '1 84 12 76 451 089 47'],
  },
  'it-codice-fiscale': {
    finds: ['CF «RSSMRA85T10A562S».', '«rssmra85t10a562s»'],
    leaves: ['RSSMRA85T10A562T', 'RSSMRA85T40A562S', 'XRSSMRA85T10A562S'],
  },
  'br-cpf': { finds: ['CPF «529.982.247-25»'], leaves: ['529.982.247-26', '111.111.111-11'] },
  'ca-sin': { finds: ['SIN «130-692-544»'], leaves: ['130-692-545', '123 456 782'] },
  'in-aadhaar': { finds: ['«2341 2341 2346»'], leaves: ['2341 2341 2347', '1234 1234 1234'] },
  phone: {
    finds: [
      '{"phone":"«+44 7700 900123»"}',
      '«+1 415-555-2671»',
      '«(415) 555-2671»',
      'tel «415.555.2671»',
      '«415-555-2671»,',
      '«+4915112345678»',
      '«+1 (415) 555-2671»!',
    ],
    leaves: [
      '+0200',
      '2026-11-21T10:00:00+01:00',
      '10:00:00 +1000 2026-11-21',
      '192.168.100.1000',
      '115-555-2671',
      '1415-555-26715',
      'a+12345678',
      '+1234567',
    ],
  },
};

const unmark = (text: string): string => text.replace(/[«»]/g, '');
const hide = (text: string, label: string): string => text.replace(/«[^»]*»/g, `[redacted:${label}]`);

describe.each(Object.entries(tables))('the detector %s', (name, { finds, leaves }) => {
  const masker = only(name);

  test.each(finds)('hides exactly what is marked in %j', (text) => {
    expect(masker.scanText(unmark(text))?.text).toBe(hide(text, name));
  });

  test.each(leaves)('leaves %j', (text) => {
    expect(masker.scanText(text)).toBeUndefined();
  });

  test('is the only one at work here: without it nothing in its rows is hidden', () => {
    const others = compileMasking([], { key });
    for (const text of finds) expect(others.scanText(unmark(text))).toBeUndefined();
  });
});

test('every detector has a table, and every table a detector', () => {
  expect(Object.keys(tables).sort()).toEqual([...detectorNames].sort());
});

test('with all detectors at work each row is hidden whole, whoever names it', () => {
  const all = only('*');
  for (const { finds } of Object.values(tables))
    for (const text of finds) {
      const masked = all.scanText(unmark(text))?.text ?? '';
      for (const [, value] of text.matchAll(/«([^»]*)»/g)) expect(masked).not.toContain(value);
    }
});

test('a group stands for its detectors', () => {
  expect(only('secrets').detectorNames).toContain('jwt');
  expect(only('secrets').detectorNames).not.toContain('email');
  expect(only('personal-data').detectorNames).toContain('us-ssn');
  expect(only('national-id').detectorNames).not.toContain('phone');
  expect(only('*').detectorNames).toEqual(detectorNames);
});

import { roles } from '@sallyport/core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../apps/agent/src/config/config.js';
import { Section } from '../../apps/agent/src/config/mistakes.js';
import { parseConfiguration } from '../../apps/control-plane/src/platform/config.js';
import { SettingsReader } from '../../apps/control-plane/src/platform/configuration/reader.js';
import { parseAwsSettings } from '../protocols/aws/settings.js';
import { parseTargetSettings } from '../protocols/postgres/settings.js';
import { codeOf, filesBelow, tableBelow, textOf } from './documents.js';

const document = 'docs/configuration.md';

afterEach(() => vi.restoreAllMocks());

/** What the code asks its environment for, and what it takes: read off the real parser while it parses. */
const settingsAsked = (): string[][] => {
  const asked = new Map<string, string>();
  let depth = 0;
  const watch = <
    Name extends
      | 'optional'
      | 'text'
      | 'required'
      | 'list'
      | 'flag'
      | 'integer'
      | 'optionalInteger'
      | 'choice'
      | 'secret',
  >(
    method: Name,
    rowOf: (...given: Parameters<SettingsReader[Name]>) => string,
  ): void => {
    const original = SettingsReader.prototype[method] as (...given: unknown[]) => unknown;
    vi.spyOn(SettingsReader.prototype, method as 'optional').mockImplementation(function (this: unknown, ...given) {
      if (depth === 0) {
        const [name] = given;
        if (!asked.has(name)) asked.set(name, rowOf(...(given as unknown as Parameters<SettingsReader[Name]>)));
      }
      depth += 1;
      try {
        return original.apply(this, given) as string | undefined;
      } finally {
        depth -= 1;
      }
    });
  };
  watch('optional', () => '');
  watch('secret', () => 'or `…_FILE`');
  watch('required', () => 'required');
  watch('text', (_name, fallback) => `\`${fallback}\``);
  watch('list', (_name, fallback = []) => (fallback.length === 0 ? 'a list' : `a list; \`${fallback.join(',')}\``));
  watch('flag', () => '`0`, or `1`');
  watch('integer', (_name, { fallback, least, most }) => `\`${fallback}\`; ${least} to ${most}`);
  watch('optionalInteger', (_name, { least, most }) => `${least} to ${most}`);
  watch('choice', (_name, all, fallback) => `\`${fallback}\`; ${all.join(', ')}`);
  parseConfiguration({ SALLYPORT_OIDC_ISSUER: 'https://login.example.com', SALLYPORT_S3_BUCKET: 'recordings' });
  return [...asked].map(([name, row]) => [`\`${name}\``, row]);
};

test('docs/configuration.md has every environment variable of the control plane, with its default and range', () => {
  const rows = tableBelow(document, 'Control plane').map(([name = '', value = '']) => [name, value]);
  expect(rows.sort()).toEqual(settingsAsked().sort());
  expect(rows.flat().join()).toContain(`SALLYPORT_ROLE_${roles[0].toUpperCase()}`);
});

describe('the agent’s file', () => {
  const credentials = [
    'source: environment, user_variable: U, password_variable: P',
    'source: file, path: /p',
    'source: secrets-manager, secret_id: s',
    'source: rds-iam, user: u, port: 5432',
    'source: client-certificate, user: u, cert_file: c, key_file: k',
  ];
  const awsKeys = [
    "source: aws, role_arn: 'arn:aws:iam::111122223333:role/r', external_id: e",
    'source: environment, access_key_id_variable: A, secret_access_key_variable: B',
  ];
  /** Read by the protocol itself, out of what the file's reader hands over as it stands. */
  const awsDeadlines = Object.keys(parseAwsSettings({ regions: ['eu-west-1'] }).deadlines).map(
    (name) => `targets[].deadlines.${name}`,
  );
  const modelFile = (protocol: string): string => `
control_plane: { address: 'gate:7401' }
state_dir: state
targets:
  - { alias: a, protocol: ${protocol}, endpoint: 'https://models.example', credential: { source: environment, key_variable: K } }
`;
  const awsFile = (keys: string): string => `
control_plane: { address: 'gate:7401' }
state_dir: state
targets:
  - { alias: a, protocol: aws, regions: [eu-west-1], credential: { ${keys} } }
`;
  const file = (credential: string): string => `
control_plane: { address: 'gate:7401' }
state_dir: state
targets:
  - { alias: a, protocol: postgres, host: h, databases: [d], credential: { ${credential} }, masking: { rules: [] } }
`;

  const fieldsAsked = (): Set<string> => {
    const asked = new Set<string>();
    const proto = Section.prototype as unknown as Record<'take' | 'has', (this: unknown, name: string) => unknown>;
    for (const method of ['take', 'has'] as const) {
      const original = proto[method];
      vi.spyOn(proto, method).mockImplementation(function (this: unknown, name) {
        const { place } = this as { place: string };
        asked.add([place.replace(/\[\d+\]/g, '[]'), name].filter((part) => part !== '').join('.'));
        return original.call(this, name);
      });
    }
    for (const credential of credentials) parseConfig(file(credential));
    for (const keys of awsKeys) parseConfig(awsFile(keys));
    for (const protocol of ['anthropic', 'openai']) parseConfig(modelFile(protocol));
    return new Set([...asked, ...awsDeadlines]);
  };

  const tlsAsked = (): string[] => {
    const asked = new Set<string>();
    const tls = new Proxy<Record<string, unknown>>(
      { mode: 'disable' },
      {
        get: (target, name) => {
          asked.add(`targets[].tls.${String(name)}`);
          return target[String(name)];
        },
      },
    );
    parseTargetSettings({ databases: ['d'], tls });
    return [...asked];
  };

  test('docs/configuration.md has every field of it', () => {
    const documented = tableBelow(document, 'Agent').flatMap(([name = '']) => codeOf(name));
    expect(documented.sort()).toEqual([...fieldsAsked(), ...tlsAsked()].sort());
  });
});

test('docs/configuration.md has every other variable that a program of ours reads', () => {
  const sources = filesBelow('apps').filter(
    (name) => /\/src\/.*\.ts$/.test(name) && !/\.(test|spec)\.ts$|\/testing\//.test(name),
  );
  const read = sources.flatMap((name) => [
    ...[...textOf(name).matchAll(/\benv\[['"]([A-Z_]+)['"]\]/g)].map(([, variable]) => variable!),
    ...[...textOf(name).matchAll(/'(SALLYPORT_[A-Z_0-9]+[A-Z])'/g)].map(([, variable]) => variable!),
  ]);
  const documented = new Set(codeOf(textOf(document)).flatMap((code) => code.split(/[\s=]/)));
  expect([...new Set(read)].filter((name) => !documented.has(name) && name !== 'PATH')).toEqual([]);
});

import type { Section } from './mistakes.js';

export type CredentialConfig =
  | { readonly source: 'environment'; readonly user: NameOrVariable; readonly passwordVariable: string }
  | { readonly source: 'file'; readonly path: string; readonly user: string | undefined }
  | {
      readonly source: 'secrets-manager';
      readonly secretId: string;
      readonly region: string | undefined;
      readonly endpoint: string | undefined;
    }
  | {
      readonly source: 'rds-iam';
      readonly user: string;
      readonly region: string | undefined;
      readonly host: string | undefined;
      readonly port: number | undefined;
    }
  | {
      readonly source: 'client-certificate';
      readonly user: string;
      readonly certFile: string;
      readonly keyFile: string;
    };

export type NameOrVariable = { readonly name: string } | { readonly variable: string };

const sources = ['environment', 'file', 'secrets-manager', 'rds-iam', 'client-certificate'] as const;

export function readCredential(section: Section): CredentialConfig {
  const source = section.oneOf('source', sources);
  const config = readers[source](section);
  section.end();
  return config;
}

const readers: { readonly [Source in CredentialConfig['source']]: (section: Section) => CredentialConfig } = {
  environment: (section) => ({
    source: 'environment',
    user: readUser(section),
    passwordVariable: section.text('password_variable'),
  }),
  file: (section) => ({ source: 'file', path: section.text('path'), user: section.optionalText('user') }),
  'secrets-manager': (section) => ({
    source: 'secrets-manager',
    secretId: section.text('secret_id'),
    region: section.optionalText('region'),
    endpoint: section.optionalText('endpoint'),
  }),
  'rds-iam': (section) => ({
    source: 'rds-iam',
    user: section.text('user'),
    region: section.optionalText('region'),
    host: section.optionalText('host'),
    port: section.has('port') ? section.port('port', 5432) : undefined,
  }),
  'client-certificate': (section) => ({
    source: 'client-certificate',
    user: section.text('user'),
    certFile: section.text('cert_file'),
    keyFile: section.text('key_file'),
  }),
};

function readUser(section: Section): NameOrVariable {
  if (section.has('user') && section.has('user_variable'))
    section.mistake('user_variable', 'and "user" exclude one another');
  if (section.has('user_variable')) return { variable: section.text('user_variable') };
  return { name: section.text('user') };
}

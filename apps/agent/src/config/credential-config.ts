import type { ProtocolName } from '@sallyport/core';
import type { Section } from './mistakes.js';

export type CredentialConfig =
  | { readonly source: 'environment'; readonly user: NameOrVariable; readonly passwordVariable: string }
  | { readonly source: 'environment-keys'; readonly variables: KeyVariables }
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
    }
  | {
      readonly source: 'aws';
      readonly profile: string | undefined;
      readonly roleArn: string | undefined;
      readonly externalId: string | undefined;
      readonly region: string | undefined;
    };

export type NameOrVariable = { readonly name: string } | { readonly variable: string };

export interface KeyVariables {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

type Reader = (section: Section) => CredentialConfig;
type Readers = Readonly<Record<string, Reader>>;

/** @param protocol what the credential is for: AWS takes a pair of keys, a model's API one key, everything else a user and what proves him */
export function readCredential(section: Section, protocol: ProtocolName): CredentialConfig {
  const readers = readersOf[protocol] ?? loginReaders;
  const source = section.oneOf('source', Object.keys(readers));
  const config = readers[source]!(section);
  section.end();
  return config;
}

const secretsManager: Reader = (section) => ({
  source: 'secrets-manager',
  secretId: section.text('secret_id'),
  region: section.optionalText('region'),
  endpoint: section.optionalText('endpoint'),
});

const loginReaders: Readers = {
  environment: (section) => ({
    source: 'environment',
    user: readUser(section),
    passwordVariable: section.text('password_variable'),
  }),
  file: (section) => ({ source: 'file', path: section.text('path'), user: section.optionalText('user') }),
  'secrets-manager': secretsManager,
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

const keyReaders: Readers = {
  aws: readAwsChain,
  environment: (section) => ({
    source: 'environment-keys',
    variables: {
      accessKeyId: section.text('access_key_id_variable'),
      secretAccessKey: section.text('secret_access_key_variable'),
      sessionToken: section.optionalText('session_token_variable'),
    },
  }),
  file: (section) => ({ source: 'file', path: section.text('path'), user: undefined }),
  'secrets-manager': secretsManager,
};

/** One key, which is kept as a password is; whose it is nobody asks. */
const apiKey = 'api-key';

const apiKeyReaders: Readers = {
  environment: (section) => ({
    source: 'environment',
    user: { name: apiKey },
    passwordVariable: section.text('key_variable'),
  }),
  file: (section) => ({ source: 'file', path: section.text('path'), user: apiKey }),
  'secrets-manager': secretsManager,
};

const readersOf: Partial<Record<ProtocolName, Readers>> = {
  aws: keyReaders,
  anthropic: apiKeyReaders,
  openai: apiKeyReaders,
};

const roleShape = /^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/;

function readAwsChain(section: Section): CredentialConfig {
  const roleArn = section.optionalText('role_arn');
  const externalId = section.optionalText('external_id');
  if (roleArn !== undefined && !roleShape.test(roleArn)) section.mistake('role_arn', 'must be the ARN of a role');
  if (externalId !== undefined && roleArn === undefined)
    section.mistake('external_id', 'is of no use without "role_arn"');
  return {
    source: 'aws',
    profile: section.optionalText('profile'),
    roleArn,
    externalId,
    region: section.optionalText('region'),
  };
}

function readUser(section: Section): NameOrVariable {
  if (section.has('user') && section.has('user_variable'))
    section.mistake('user_variable', 'and "user" exclude one another');
  if (section.has('user_variable')) return { variable: section.text('user_variable') };
  return { name: section.text('user') };
}

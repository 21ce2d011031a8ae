import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from './folder.js';

interface Service {
  readonly image: string;
  readonly user: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const text = (file: string): string => readFileSync(path.join(repository, file), 'utf8');
const compose = parse(text('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const networksOf = ({ networks = [] }: Service): readonly string[] =>
  Array.isArray(networks) ? (networks as string[]) : Object.keys(networks);

const strings = { type: 'array', items: { type: 'string' }, uniqueItems: true };
const names = { type: 'object', additionalProperties: { type: ['object', 'null'] } };
// The part of the Compose specification that the file uses; anything else is a spelling mistake until it is added here.
const schema = {
  type: 'object',
  required: ['services', 'networks', 'volumes', 'secrets'],
  additionalProperties: false,
  patternProperties: { '^x-': {} },
  properties: {
    networks: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: { internal: { type: 'boolean' } },
      },
    },
    volumes: names,
    secrets: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['file'],
        additionalProperties: false,
        properties: { file: { type: 'string' } },
      },
    },
    services: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        // what every service must have
        required: [
          'image',
          'user',
          'read_only',
          'cap_drop',
          'security_opt',
          'tmpfs',
          'healthcheck',
          'restart',
          'logging',
        ],
        properties: {
          image: { type: 'string' },
          build: {
            type: 'object',
            required: ['context', 'dockerfile'],
            additionalProperties: false,
            properties: { context: { type: 'string' }, dockerfile: { type: 'string' } },
          },
          user: { type: 'string', pattern: '^[1-9][0-9]*:[1-9][0-9]*$' },
          read_only: { const: true },
          cap_drop: { const: ['ALL'] },
          security_opt: { type: 'array', contains: { const: 'no-new-privileges:true' } },
          tmpfs: strings,
          restart: { enum: ['unless-stopped'] },
          stop_grace_period: { type: 'string' },
          logging: { type: 'object', required: ['driver', 'options'] },
          environment: { type: 'object', additionalProperties: { type: 'string' } },
          secrets: strings,
          networks: { oneOf: [strings, { type: 'object' }] },
          network_mode: { type: 'string', pattern: '^service:' },
          ports: strings,
          volumes: strings,
          depends_on: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              required: ['condition'],
              properties: { condition: { const: 'service_healthy' } },
            },
          },
          healthcheck: {
            type: 'object',
            required: ['test', 'interval', 'timeout', 'retries'],
            properties: {
              test: { type: 'array', minItems: 2 },
              interval: { type: 'string' },
              timeout: { type: 'string' },
              start_period: { type: 'string' },
              retries: { type: 'integer' },
            },
            additionalProperties: false,
          },
        },
      },
    },
  },
};

describe('docker-compose.yml', () => {
  test('is what the Compose specification allows, with every service unprivileged, read-only and watched', () => {
    const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  test('refers to nothing that is not there', () => {
    for (const [name, service] of services) {
      expect([name, networksOf(service).filter((network) => !(network in compose.networks))]).toEqual([name, []]);
      expect([name, (service.secrets ?? []).filter((secret) => !(secret in compose.secrets))]).toEqual([name, []]);
      expect([
        name,
        (service.volumes ?? []).filter(
          (volume) => !volume.startsWith('./') && !(volume.split(':')[0]! in compose.volumes),
        ),
      ]).toEqual([name, []]);
      expect([name, Object.keys(service.depends_on ?? {}).filter((other) => !(other in compose.services))]).toEqual([
        name,
        [],
      ]);
      if (service.build) expect(text(service.build.dockerfile)).toContain('FROM');
    }
  });

  test('has no secret in an environment', () => {
    const secretive = services.flatMap(([name, { environment = {} }]) =>
      Object.keys(environment)
        .filter((variable) => /PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL$/.test(variable) && !variable.endsWith('_FILE'))
        .filter((variable) => variable !== 'SALLYPORT_REQUIRE_DATABASE_URL')
        .map((variable) => `${name}: ${variable}`),
    );
    expect(secretive).toEqual([]);
  });

  test('publishes on loopback only', () => {
    expect(services.flatMap(([, { ports = [] }]) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual(
      [],
    );
  });

  test('lets nobody but the agent reach the target', () => {
    const near = services.filter(([, service]) => networksOf(service).includes('target')).map(([name]) => name);
    expect(near.sort()).toEqual(['agent', 'target']);
    expect(compose.networks['target']).toEqual({ internal: true });
    const holders = services
      .filter(([, { secrets = [] }]) => secrets.includes('target_agent_password'))
      .map(([name]) => name);
    expect(holders).toEqual(['agent']);
  });

  test('tells the control plane only what it knows', () => {
    const known =
      text('apps/control-plane/src/platform/config.ts') +
      text('apps/control-plane/src/platform/configuration/reader.ts');
    const told = Object.keys(compose.services['control-plane']!.environment!).map((name) => name.replace(/_FILE$/, ''));
    // roles are read as SALLYPORT_ROLE_<name>
    expect(told.filter((name) => !known.includes(name.replace(/_(ADMIN|REVIEWER|AUDITOR|USER)$/, '_')))).toEqual([]);
  });
});

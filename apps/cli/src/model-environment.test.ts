import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applied, environmentOf, statements } from './environment.js';
import type { Ticket } from './ticket.js';

const certificate = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
const ticket = (protocol: string): Ticket => ({
  id: 't1',
  ticket: 'spt_canary',
  expires_at: '2026-01-02T03:15:00Z',
  connection: 'claude',
  protocol,
  endpoint: { host: 'gate.example.com', port: 7445, databases: [], ca_certificate: certificate },
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-models-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environment = (protocol: string, env: NodeJS.ProcessEnv = {}, options = {}) => {
  const silent = () => undefined;
  const world = { env: { XDG_CONFIG_HOME: home, ...env }, out: silent, err: silent, program: ['node', 'sallyport.js'] };
  return environmentOf(ticket(protocol), options, { world, url: 'https://sallyport.example.com' });
};

describe('the environment of a client of a model', () => {
  test('leads Anthropic’s SDKs and Claude Code to the gateway, with the ticket as their token', () => {
    const { set } = environment('anthropic');
    expect(set).toMatchObject({
      ANTHROPIC_BASE_URL: 'https://gate.example.com:7445',
      ANTHROPIC_AUTH_TOKEN: 'spt_canary',
    });
    expect(readFileSync(set['NODE_EXTRA_CA_CERTS']!, 'utf8')).toBe(certificate);
  });

  test('leads OpenAI’s SDKs to the gateway, whose base URL has the version in it', () => {
    const { set } = environment('openai');
    expect(set).toMatchObject({ OPENAI_BASE_URL: 'https://gate.example.com:7445/v1', OPENAI_API_KEY: 'spt_canary' });
    expect(readFileSync(set['NODE_EXTRA_CA_CERTS']!, 'utf8')).toBe(certificate);
  });

  test('takes away keys that would be used instead of the ticket', () => {
    const anthropic = environment('anthropic', { ANTHROPIC_API_KEY: 'sk-ant-own', PATH: '/bin' });
    expect(anthropic.unset).toEqual(['ANTHROPIC_API_KEY']);
    expect(applied(anthropic, { ANTHROPIC_API_KEY: 'sk-ant-own', PATH: '/bin' })).not.toHaveProperty(
      'ANTHROPIC_API_KEY',
    );
    expect(statements(anthropic)).toMatch(/^unset ANTHROPIC_API_KEY\n/);
    expect(environment('openai', { OPENAI_ORG_ID: 'org-1' }).unset).toEqual(['OPENAI_ORG_ID']);
  });

  test('has no database, region or proxy', () => {
    for (const option of ['database', 'region', 'proxy'])
      expect(() => environment('anthropic', {}, { [option]: 'x' })).toThrow(`has no "--${option}"`);
  });
});

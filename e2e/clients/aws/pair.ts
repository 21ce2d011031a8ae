/** Two emulators of AWS that are told the same: one behind a whole installation, one alone behind TLS. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer } from 'node:tls';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import type { Upstream } from '../../../libs/protocols/testing/aws-upstreams.js';
import { motoUpstream } from '../../../libs/protocols/testing/moto.js';
import { Installation } from '../../testing/installation.js';

const policy = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("aws") permit(principal, action == Sallyport::Action::"aws.call", resource)
  unless { context has bucket && context.bucket == "held" };
@id("reviewed") @review("reviewers") @timeout("10m") @on_timeout("deny") @message("this bucket waits for a reviewer")
permit(principal, action == Sallyport::Action::"aws.call", resource) when { context has bucket && context.bucket == "held" };
@id("no-credentials") @message("credentials are not handed out here")
forbid(principal, action == Sallyport::Action::"aws.call", resource) when { context.flags.contains("credential-issue") };
@id("no-forbidden") @message("this bucket is out of bounds")
forbid(principal, action == Sallyport::Action::"aws.call", resource)
  when { context has bucket && context.bucket == "forbidden" };
`;

/** What is all that differs for a client. */
export interface Way {
  readonly name: 'direct' | 'gateway';
  readonly env: Readonly<Record<string, string>>;
}

/** TLS for an emulator that has none: SDKs do other things without. */
async function withTls(upstream: Upstream): Promise<{ url: string; ca: string; stop: () => void }> {
  const authority = await createAuthority({});
  const { privateKey: key, certificate: cert } = await issueServerCertificate(authority, ['127.0.0.1']);
  const { port } = new URL(upstream.url);
  const server = createServer({ key, cert }, (client) => {
    const there = connect(Number(port), '127.0.0.1');
    client.pipe(there).pipe(client);
    client.on('error', () => there.destroy());
    there.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, ca: authority.certificate, stop: () => server.close() };
}

export class Pair {
  readonly home = mkdtempSync(path.join(tmpdir(), 'sallyport-aws-clients-'));
  gate!: Installation;
  behind!: Upstream;
  #alone!: Awaited<ReturnType<typeof withTls>>;
  readonly #stops: (() => unknown)[] = [];

  /** @param python that has moto */
  static async start(python: string): Promise<Pair> {
    const pair = new Pair();
    try {
      await pair.#start(python);
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  }

  at(name: string): string {
    return path.join(this.home, name);
  }

  async #start(python: string): Promise<void> {
    this.behind = await motoUpstream(python);
    this.#stops.push(() => this.behind.stop());
    const alone = await motoUpstream(python);
    this.#stops.push(() => alone.stop());
    this.#alone = await withTls(alone);
    this.#stops.push(() => this.#alone.stop());
    const keys = { AccessKeyId: 'AKIAREALREALREALREAL', SecretAccessKey: 'never-leaves-the-agent' };
    writeFileSync(this.at('keys.json'), JSON.stringify(keys), { mode: 0o600 });
    const regions = ['eu-west-1', 'us-east-1'];
    this.gate = await Installation.start({
      targets: [
        {
          alias: 'cloud',
          protocol: 'aws',
          regions,
          endpoints: { default: this.behind.url },
          credential: { source: 'file', path: this.at('keys.json') },
          masking: { rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }] },
        },
      ],
    });
    this.#stops.push(() => this.gate.stop());
    await this.gate.setPolicy(policy);
    const connection = { name: 'cloud', protocol: 'aws', target: 'cloud', regions, record_responses: true };
    await this.gate.api('grace', 'POST', '/v1/connections', connection);
  }

  /** With a fresh ticket. */
  async ways(): Promise<readonly [Way, Way]> {
    const ticket = await this.gate.api<{
      ticket: string;
      aws: { access_key_id: string; secret_access_key: string };
      endpoint: { port: number; ca_certificate: string };
    }>('ada', 'POST', '/v1/tickets', { connection: 'cloud' });
    writeFileSync(this.at('ca.pem'), `${this.#alone.ca}\n${ticket.endpoint.ca_certificate}\n`);
    const { access_key_id, secret_access_key } = ticket.aws;
    const url = `https://127.0.0.1:${ticket.endpoint.port}`;
    return [
      { name: 'direct', env: this.#env('direct', this.#alone.url, ['AKIADIRECTDIRECTDIRE', 'direct', 'direct']) },
      { name: 'gateway', env: this.#env('gateway', url, [access_key_id, secret_access_key, ticket.ticket]) },
    ];
  }

  #env(side: string, url: string, [id, secret, token]: readonly [string, string, string]): Record<string, string> {
    return {
      SIDE: side,
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: token,
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CA_BUNDLE: this.at('ca.pem'),
    };
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

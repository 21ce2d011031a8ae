/** An installation with two connections to scripted models, `anthropic` and `openai`, and people at a command line. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ModelServer, modelServer } from '../../libs/protocols/testing/model-server.js';
import { Installation, repository } from './installation.js';

/** Known to the agent and the models. */
export const apiKey = 'model-api-key-that-never-leaves-the-agent';
export const modelApis = ['anthropic', 'openai'] as const;
export type ModelApiName = (typeof modelApis)[number];

export interface Told {
  readonly answer?: readonly { readonly type: string; readonly text?: string }[];
  readonly status?: number;
  /** Of the API's error, as the vendor's SDK read it; absent where it came from somewhere else. */
  readonly type?: string;
  readonly message?: string;
}

export interface Asking {
  readonly person?: string;
  /** The AI session. */
  readonly session?: string;
}

export class ModelHouse {
  private constructor(
    readonly gate: Installation,
    readonly model: ModelServer,
    /** The home of whoever is at the command line. */
    private readonly home: string,
  ) {}

  static async start(plan: Parameters<typeof modelServer>[0], policy: string): Promise<ModelHouse> {
    const model = await modelServer(plan, apiKey);
    const home = mkdtempSync(path.join(tmpdir(), 'sallyport-models-e2e-'));
    const key = path.join(home, 'api-key');
    writeFileSync(key, apiKey, { mode: 0o600 });
    const gate = await Installation.start({
      targets: modelApis.map((protocol) => ({
        alias: `${protocol}-api`,
        protocol,
        endpoint: model.url,
        credential: { source: 'file', path: key },
      })),
    });
    await gate.setPolicy(policy);
    for (const protocol of modelApis)
      await gate.api('grace', 'POST', '/v1/connections', { name: protocol, protocol, target: `${protocol}-api` });
    return new ModelHouse(gate, model, home);
  }

  async stop(): Promise<void> {
    await this.gate.stop();
    await this.model[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }

  /** One command of ours; what it says. Other keys and addresses are in the environment: they must not be used. */
  async sallyport(person: string, args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [path.join(repository, 'apps/cli/bin/sallyport.js'), ...args], {
      env: {
        PATH: process.env['PATH']!,
        HOME: this.home,
        XDG_CONFIG_HOME: path.join(this.home, 'config'),
        SALLYPORT_URL: this.gate.url,
        SALLYPORT_TOKEN: await this.gate.accessToken(person),
        ANTHROPIC_API_KEY: 'sk-ant-own-key',
        OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
      },
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    await new Promise((resolve) => child.on('close', resolve));
    if (said.out === '') throw new Error(said.err);
    return said.out;
  }

  /** The vendor's SDK in a process of its own, by one command of ours. */
  async ask(api: ModelApiName, prompt: string, asking: Asking = {}): Promise<Told> {
    const [told] = await this.#asked(api, ['1', prompt], asking);
    return told!;
  }

  /** One program that asks the same so many times at once. */
  askAtOnce(api: ModelApiName, times: number, prompt: string, asking: Asking = {}): Promise<readonly Told[]> {
    return this.#asked(api, [String(times), prompt], asking);
  }

  async #asked(api: ModelApiName, args: readonly string[], { person = 'ada', session }: Asking): Promise<Told[]> {
    const script = path.join(repository, 'e2e/testing/ask-model.mjs');
    const program = [process.execPath, script, api, ...args, ...(session ? [session] : [])];
    return JSON.parse(await this.sallyport(person, ['connect', api, '--exec', '--', ...program])) as Told[];
  }
}

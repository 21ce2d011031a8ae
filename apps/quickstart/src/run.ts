import { portIsFree } from '@sallyport/embedded-postgres';
import type { TestIssuer } from '@sallyport/testkit';
import { startAgent } from './agent.js';
import { cloudReady, startCloud } from './cloud/sample-cloud.js';
import { startStore, startTarget } from './clusters.js';
import { startControlPlane } from './control-plane.js';
import { type Folder, openFolder } from './folder.js';
import { Gate } from './gate.js';
import { startIssuer } from './issuer.js';
import type { Options, Ports } from './options.js';
import { progress } from './print.js';
import { Processes } from './processes.js';
import { pinKeys } from './scenes/verify.js';
import { setUp } from './setup.js';
import type { Stage } from './stage.js';
import { otherPorts, Trouble } from './trouble.js';

const purposes: Readonly<Record<keyof Ports, string>> = {
  api: 'the API',
  tunnel: 'the agent’s tunnel',
  enrolment: 'enrolment',
  issuer: 'the issuer',
  store: 'the store',
  target: 'the sample target',
  s3: 'the sample cloud’s S3',
  dynamodb: 'the sample cloud’s DynamoDB',
  restOfAws: 'the rest of the sample cloud',
  agentHealth: 'the agent’s health',
  postgres: 'PostgreSQL clients',
  aws: 'AWS clients',
  anthropic: 'clients of Anthropic’s API',
  openai: 'clients of OpenAI’s API',
};

// The clusters look after their own ports: what listens there may be a server that an earlier run left behind.
const requirePorts = async (ports: Ports): Promise<void> => {
  const names = (Object.keys(purposes) as (keyof Ports)[]).filter((name) => name !== 'store' && name !== 'target');
  const free = await Promise.all(names.map((name) => portIsFree(ports[name])));
  const taken = names.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  throw new Trouble(
    `in use on 127.0.0.1: ${taken.map((name) => `port ${ports[name]} (for ${purposes[name]})`).join(', ')}`,
    otherPorts,
  );
};

/** What has been started, to be stopped the other way round. */
export class Running {
  readonly #stops: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;

  /** What was still being started at the stop is stopped as soon as it is known. */
  add(name: string, stop: () => Promise<void>): void {
    if (this.#stopping) void stop().catch(() => undefined);
    else this.#stops.push({ name, stop });
  }

  stop(say: (line: string) => void): Promise<void> {
    this.#stopping ??= this.#stopAll(say);
    return this.#stopping;
  }

  async #stopAll(say: (line: string) => void): Promise<void> {
    for (const { name, stop } of this.#stops.reverse()) {
      await stop().catch((error: unknown) =>
        say(`${name} did not stop well: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  }
}

/** A token for each person, fetched anew before it expires. */
const tokensOf = (issuer: TestIssuer) => {
  const kept = new Map<string, { token: string; until: number }>();
  return async (person: string): Promise<string> => {
    const known = kept.get(person);
    if (known && known.until > Date.now()) return known.token;
    const { access_token: token, expires_in } = await issuer.tokens(person);
    kept.set(person, { token, until: Date.now() + (expires_in - 60) * 1000 });
    return token;
  };
};

const startStores = async (folder: Folder, ports: Ports, running: Running) => {
  const store = await progress('the store (PostgreSQL)', (say) => startStore(folder, ports, say));
  running.add('the store', () => store.stop());
  const target = await progress('the sample target (PostgreSQL)', (say) => startTarget(folder, ports, say));
  running.add('the target', () => target.stop());
  return store.url;
};

interface GateOptions {
  readonly folder: Folder;
  readonly ports: Ports;
  readonly running: Running;
  readonly processes: Processes;
  readonly storeUrl: string;
}

const startGate = async ({ folder, ports, running, processes, storeUrl }: GateOptions): Promise<TestIssuer> => {
  const issuer = await progress('the issuer', () => startIssuer(folder, ports));
  running.add('the issuer', () => issuer.stop());
  const options = { folder, ports, processes, issuer, storeUrl };
  const controlPlane = await progress('the control plane', () => startControlPlane(options));
  running.add('the control plane', () => controlPlane.stop());
  return issuer;
};

/** Starts everything, in order; `running` knows what was started, also when it fails half-way. */
export const start = async (options: Options, running: Running): Promise<Stage> => {
  const { ports } = options;
  const folder = openFolder(process.env);
  const processes = new Processes(folder);
  await processes.takeOver((text) => process.stdout.write(`  ${text}\n`));
  running.add('the list of processes', async () => processes.forget());
  await requirePorts(ports);
  const cloud = startCloud(folder, ports, processes); // takes its time beside the stores
  running.add('the sample cloud', () => cloud.stop());
  const storeUrl = await startStores(folder, ports, running);
  await progress('the sample cloud (S3 and DynamoDB, emulated)', () => cloudReady(cloud, ports));
  const issuer = await startGate({ folder, ports, running, processes, storeUrl });
  const token = tokensOf(issuer);
  const as = (person: string) => new Gate(`http://127.0.0.1:${ports.api}`, () => token(person));
  const stage: Stage = { options, folder, ada: as('ada'), ravi: as('ravi'), grace: as('grace'), token };
  const agent = await progress('the agent', () => startAgent(folder, ports, processes, stage.grace));
  running.add('the agent', () => agent.stop());
  await progress('policies, connections and masking rules, through the API', () => setUp(stage.grace));
  await progress('the keys of the evidence, pinned', () => pinKeys(stage, () => agent.logTail()));
  return stage;
};

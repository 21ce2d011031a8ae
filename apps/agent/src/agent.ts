import { GatewayError, type SessionId } from '@sallyport/core';
import type { Protocol, TargetSide } from '@sallyport/engine';
import { AgentLink, type HelloFacts, type OpenSession } from '@sallyport/tunnel';
import type { AgentConfig } from './config/config.js';
import type { TargetConfig } from './config/target-config.js';
import { sourceOf } from './credentials/credential-sources.js';
import { TakenVariables } from './credentials/environment.js';
import { identityOf } from './enrolment.js';
import { HealthEndpoint } from './health.js';
import { HostedTarget } from './hosted-target.js';
import type { Log } from './log.js';
import { narrowed } from './narrowed.js';
import { Recordings } from './recordings.js';
import { prepareStateDir } from './state/files.js';
import { IdentityStore } from './state/identity-store.js';
import { loadMaskingKey } from './state/masking-key.js';
import { WitnessStore } from './state/witness-store.js';
import { Surveys } from './surveys.js';
import { version } from './version.js';
import { Witness } from './witness.js';

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly protocols: readonly Protocol[];
  readonly log: Log;
  readonly print?: (line: string) => void;
  readonly enrolmentKeyFile?: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/** A started agent. */
export interface RunningAgent {
  readonly healthPort: number;
  /** C2SP vkey. */
  readonly witnessKey: string;
  readonly linked: boolean;
  /** Resolves when the agent will not come back by itself: undefined after `stop`, else why. */
  readonly finished: Promise<GatewayError | undefined>;
  /** Takes no new sessions, waits for those that run, then ends. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Checks everything that can be checked, enrols if need be, then keeps a link to the control plane.
 * @throws INVALID_INPUT, CREDENTIAL_UNAVAILABLE, and what enrolment throws
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { config, log, print = () => undefined, environment = process.env } = options;
  prepareStateDir(config.stateDir);
  const variables = new TakenVariables(environment);
  const maskingKey = loadMaskingKey(config.stateDir, config.maskingKeyFile);
  const targets = await hostTargets(options, {
    variables,
    maskingKey,
    published: (alias, database, snapshot) => link?.publish(alias, database, snapshot),
    checked: (alias, database, check) => link?.report(alias, database, check),
  });
  const surveys = [...targets.values()].flatMap((hosted) =>
    [hosted.catalogueSurvey, hosted.selfCheck].map((survey) => new Surveys(survey, log)),
  );
  const witness = new Witness({
    store: new WitnessStore(config.stateDir),
    logKeys: config.logKeys,
    now: () => new Date(),
  });
  const store = new IdentityStore(config.stateDir);
  const identity = await identityOf({
    config,
    keyFile: options.enrolmentKeyFile,
    variables,
    store,
    witness,
    log,
    print,
  });
  const recordings = new Recordings(identity, () => new Date());

  let stopping = false;
  const link: AgentLink = new AgentLink({
    address: config.controlPlane.address,
    serverName: config.controlPlane.serverName,
    identity,
    hello: () => helloOf(targets, witness),
    admit: (request) => hostedOf(targets, request).admit(request.protocol, request.database),
    serve: (channel, { session, target }) => {
      const hosted = hostedOf(targets, { target });
      const host = { ...hosted.host(), ...recordings.of(session as SessionId) };
      return hosted.side.serve(narrowed(channel, hosted.target.masking), host);
    },
    cosign: async (request) => witness.cosign(request),
    keep: async (renewed) => {
      store.save(renewed);
      recordings.signWith(renewed); // its certificate is on record before it came here
    },
    connected: () => {
      // What is known already goes at once; whether it is still true is asked behind it.
      for (const [alias, hosted] of targets)
        for (const [database, snapshot] of hosted.catalogues) link.publish(alias, database, snapshot);
      for (const [alias, hosted] of targets)
        for (const [database, check] of hosted.checks) link.report(alias, database, check);
      for (const survey of surveys) survey.begin();
    },
    log,
  });
  const health = new HealthEndpoint(config.healthAddress, () => ({
    linked: link.isConnected,
    stopping,
    sessions: link.openSessions,
  }));
  await health.listen();
  link.start();
  void link.finished.then(() => {
    for (const survey of surveys) survey.stop();
  });

  return {
    healthPort: health.port,
    witnessKey: witness.key,
    get linked() {
      return link.isConnected;
    },
    finished: link.finished,
    async stop(graceMs) {
      stopping = true;
      await link.stop(graceMs);
      health.close();
    },
  };
}

type Hosting = {
  readonly variables: TakenVariables;
  readonly maskingKey: Uint8Array;
  readonly published: (...all: Parameters<AgentLink['publish']>) => void;
  readonly checked: (...all: Parameters<AgentLink['report']>) => void;
};

async function hostTargets(
  { config, protocols, log }: AgentOptions,
  hosting: Hosting,
): Promise<Map<string, HostedTarget>> {
  const sides = new Map<string, TargetSide>();
  const mistakes: string[] = [];
  const targets = new Map<string, HostedTarget>();
  for (const target of config.targets) {
    try {
      const side = sides.get(target.protocol) ?? (await sideOf(target, protocols));
      sides.set(target.protocol, side);
      side.configure(target.settings);
      const { variables, maskingKey, published, checked } = hosting;
      targets.set(
        target.alias,
        new HostedTarget({
          config: target,
          side,
          credentials: sourceOf(target, variables),
          maskingKey,
          published,
          checked,
          log,
        }),
      );
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      mistakes.push(`target "${target.alias}": ${error.message}`);
    }
  }
  if (mistakes.length > 0) throw new GatewayError('INVALID_INPUT', mistakes.join('; '), { details: { mistakes } });
  return targets;
}

async function sideOf({ protocol }: TargetConfig, protocols: readonly Protocol[]): Promise<TargetSide> {
  const found = protocols.find(({ name }) => name === protocol);
  if (found === undefined) throw new GatewayError('UNSUPPORTED', `the protocol "${protocol}" is not in this agent`);
  return found.targetSide();
}

function hostedOf(targets: ReadonlyMap<string, HostedTarget>, { target }: Pick<OpenSession, 'target'>): HostedTarget {
  const hosted = targets.get(target);
  if (hosted !== undefined) return hosted;
  throw new GatewayError('TARGET_UNKNOWN', 'this agent’s configuration has no such target');
}

const helloOf = (targets: ReadonlyMap<string, HostedTarget>, witness: Witness): HelloFacts => ({
  agentVersion: version,
  sqlVersion: version,
  capabilities: [],
  targets: [...targets.values()].map(({ offer }) => offer),
  witnessKey: witness.key,
  witnessedCheckpoints: witness.checkpoints,
});

import { GatewayError, type Refusal } from '@sallyport/core';
import type { CatalogueSnapshot, SelfCheck, SurveyHost, Target, TargetSide } from '@sallyport/engine';
import type { TargetOffer } from '@sallyport/tunnel';
import type { TargetConfig } from './config/target-config.js';
import type { CredentialSource } from './credentials/source.js';
import type { Log } from './log.js';
import type { Survey } from './surveys.js';

export interface HostedTargetOptions {
  readonly config: TargetConfig;
  readonly side: TargetSide;
  readonly credentials: CredentialSource;
  readonly maskingKey: Uint8Array;
  readonly published: (alias: string, database: string, snapshot: CatalogueSnapshot) => void;
  readonly checked: (alias: string, database: string, check: SelfCheck) => void;
  readonly log: Log;
}

/** Of each check; how many there are is always told. */
const mostLogged = 20;

/** One target of the configuration file with what serves it. */
export class HostedTarget {
  readonly target: Target;
  private readonly snapshots = new Map<string, CatalogueSnapshot>();
  private readonly selfChecks = new Map<string, SelfCheck>();

  constructor(private readonly options: HostedTargetOptions) {
    const { alias, host, port, settings, masking } = options.config;
    // A client is told what is wrong; where the credential is kept is for this log only.
    const credential: Target['credential'] = ({ fresh = false } = {}) =>
      options.credentials.read({ fresh }).catch((error: unknown) => {
        options.log('credential.failed', { target: alias, error });
        throw error;
      });
    this.target = { alias, host, port, settings, masking, credential };
  }

  get side(): TargetSide {
    return this.options.side;
  }

  get offer(): TargetOffer {
    const { alias, protocol, databases } = this.options.config;
    return { alias, protocol, databases };
  }

  get catalogues(): ReadonlyMap<string, CatalogueSnapshot> {
    return this.snapshots;
  }

  /** The newest of each database. */
  get checks(): ReadonlyMap<string, SelfCheck> {
    return this.selfChecks;
  }

  /** @throws TARGET_UNKNOWN when the configuration file does not list it */
  admit(protocol: string, database: string): void {
    const { config } = this.options;
    if (config.protocol === protocol && (database === '' || config.databases.includes(database))) return;
    throw new GatewayError(
      'TARGET_UNKNOWN',
      `this agent’s configuration has no such ${database === '' ? 'target' : 'database'}`,
    );
  }

  /** Lets the target's own side read the catalogue of each database. */
  get catalogueSurvey(): Survey {
    const { side } = this;
    const run = side.survey && ((signal: AbortSignal) => side.survey!(this.host(), signal));
    return { target: this.target.alias, failure: 'survey.failed', run };
  }

  /** Asks in each database what the agent's login may do there; tells the control plane, and the log. */
  get selfCheck(): Survey {
    const { side } = this;
    const run = side.selfCheck && ((signal: AbortSignal) => this.checkAll(side.selfCheck!.bind(side), signal));
    return { target: this.target.alias, failure: 'self-check.failed', run };
  }

  private async checkAll(check: NonNullable<TargetSide['selfCheck']>, signal: AbortSignal): Promise<void> {
    const { databases } = this.options.config;
    let failure: Refusal | undefined;
    for (const database of databases) {
      signal.throwIfAborted();
      const found = await check(this.host(), database);
      this.selfChecks.set(database, found);
      this.options.checked(this.target.alias, database, found);
      this.tell(database, found);
      failure ??= found.failure;
    }
    if (failure !== undefined) throw new GatewayError(failure.code, failure.message);
  }

  /** As warnings: a login that may do more than it needs is for an administrator to look at. */
  private tell(database: string, { problems, more, failure }: SelfCheck): void {
    if (failure !== undefined) return;
    const { log } = this.options;
    const about = { target: this.target.alias, database };
    const total = problems.length + more;
    log('self-check.done', { ...about, problems: total });
    for (const { problem, what } of problems.slice(0, mostLogged))
      log('self-check.problem', { ...about, problem, what });
  }

  host(): SurveyHost {
    const { config, maskingKey, published, log } = this.options;
    return {
      target: this.target,
      maskingKey,
      catalogue: (database) => this.snapshots.get(database),
      publish: (database, snapshot) => {
        if (!config.databases.includes(database))
          throw new GatewayError('INTERNAL', 'a catalogue of a database that is not configured');
        this.snapshots.set(database, snapshot);
        published(config.alias, database, snapshot);
      },
      log: (event, details) => log(event, { target: config.alias, ...details }),
    };
  }
}

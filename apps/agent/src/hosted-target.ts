import { GatewayError } from '@sallyport/core';
import type { CatalogueSnapshot, SurveyHost, Target, TargetSide } from '@sallyport/engine';
import type { TargetOffer } from '@sallyport/tunnel';
import type { TargetConfig } from './config/target-config.js';
import type { CredentialSource } from './credentials/source.js';
import type { Log } from './log.js';

export interface HostedTargetOptions {
  readonly config: TargetConfig;
  readonly side: TargetSide;
  readonly credentials: CredentialSource;
  readonly maskingKey: Uint8Array;
  readonly published: (alias: string, database: string, snapshot: CatalogueSnapshot) => void;
  readonly log: Log;
}

/** One target of the configuration file with what serves it. */
export class HostedTarget {
  readonly target: Target;
  private readonly snapshots = new Map<string, CatalogueSnapshot>();

  constructor(private readonly options: HostedTargetOptions) {
    const { alias, host, port, settings, masking } = options.config;
    const credential: Target['credential'] = ({ fresh = false } = {}) => options.credentials.read({ fresh });
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
  async survey(signal: AbortSignal): Promise<void> {
    await this.options.side.survey?.(this.host(), signal);
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

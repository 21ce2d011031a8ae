/** What the sessions of one target share: connections to the API, the key, the ledgers of conversations. */
import { createHmac } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import type { Target, TargetHost } from '@sallyport/engine';
import { HeldBytes, UpstreamClient } from '@sallyport/http';
import { Placeholders } from '@sallyport/models';
import { Ledgers } from './ledgers.js';
import { type ModelHome, type ModelSettings, parseModelSettings } from './settings.js';

/** A key that was rotated is noticed after this, or at once where the API refuses the one before. */
const rereadMs = 1_000;

export class ModelTarget {
  readonly settings: ModelSettings;
  readonly client: UpstreamClient;
  readonly held: HeldBytes;
  readonly ledgers = new Ledgers();
  readonly placeholders: Placeholders;
  readonly #target: Target;
  #key: { readonly read: Promise<string>; readonly at: number } | undefined;

  constructor({ target, maskingKey }: Pick<TargetHost, 'target' | 'maskingKey'>, home: ModelHome) {
    this.#target = target;
    this.settings = parseModelSettings(target.settings, home);
    const { connections, deadlines, ca, maxBody } = this.settings;
    this.held = new HeldBytes(maxBody);
    this.client = new UpstreamClient({ connections, deadlines, ...(ca === undefined ? {} : { ca }) });
    // Another use of the same secret than the `hash` action: the two must not be compared.
    this.placeholders = new Placeholders(createHmac('sha256', maskingKey).update('model placeholders').digest());
  }

  /** @throws CREDENTIAL_UNAVAILABLE */
  key(fresh: boolean): Promise<string> {
    const known = this.#key;
    if (!fresh && known !== undefined && performance.now() - known.at < rereadMs) return known.read;
    const reading = { read: this.#readKey(fresh), at: performance.now() };
    this.#key = reading;
    reading.read.catch(() => {
      if (this.#key === reading) this.#key = undefined; // whoever comes next reads it again
    });
    return reading.read;
  }

  async #readKey(fresh: boolean): Promise<string> {
    const { password } = await this.#target.credential({ fresh });
    if (password !== undefined && /^[\x21-\x7e]+$/.test(password)) return password;
    throw new GatewayError('CREDENTIAL_UNAVAILABLE', 'the agent’s credential for the model is no API key', {
      hint: 'ask an administrator to look at the agent’s configuration',
    });
  }
}

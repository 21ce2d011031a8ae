/** A request that changes something runs once: this replica looks first, then the store that all of them share. */
import { type Authorization, type AwsRequest, attemptOf, ReplayGuard, repeatMs } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Lobby } from '@sallyport/engine';
import { SignatureRefused } from './signature-refused.js';

/** A signature is good for five minutes on either side of its date; the rest is for clocks that differ. */
const keptMs = 900_000;

/** What this replica has not seen before. INVARIANT: nothing is forwarded before `settled` resolves. */
export interface Use {
  /** Rejects with SignatureRefused, or GatewayError RECORDING_UNAVAILABLE where the store cannot tell. */
  readonly settled: Promise<void>;
}

/** Of what may be used as often as its client likes. */
export const freely: Use = { settled: Promise.resolve() };

export interface Sender {
  readonly now: Date;
  /** Never the same for two connections. */
  readonly connection: string;
  readonly address: string;
  readonly lobby: Pick<Lobby, 'once'>;
}

export class SingleUses {
  readonly #guard = new ReplayGuard();
  /** Has the store taken them, of signatures that an SDK may still honestly send again. */
  readonly #told = new Map<string, Promise<boolean>>();

  /** @throws SignatureRefused, GatewayError RATE_LIMITED by what this replica has seen */
  take(authorization: Authorization, headers: AwsRequest['headers'], sender: Sender): Use {
    const { now, connection, address, lobby } = sender;
    const attempt = attemptOf(headers);
    const said = attempt === undefined ? {} : { attempt };
    const verdict = this.#guard.admit(authorization, { at: now, connection, address, ...said });
    const used = attempt === undefined && mayBeTwin(authorization, now) ? signedTwice : usedBefore;
    if (verdict === 'replay') throw used();
    if (verdict === 'full') throw tooMany();
    const key = `aws ${authorization.accessKeyId} ${authorization.signature}`;
    const settled = this.#settle(key, () => lobby.once({ key, keptMs, origin: address, repeatMs, ...said }), used);
    settled.catch(() => undefined); // whoever is refused for another reason never asks
    return { settled };
  }

  /** INVARIANT: what is sent again runs only where the store has taken the first, or takes this one. */
  async #settle(key: string, ask: () => Promise<boolean>, used: () => GatewayError): Promise<void> {
    const asked = this.#told.get(key)?.then((taken) => taken || ask(), ask) ?? ask();
    this.#remember(key, asked);
    if (!(await asked)) throw used();
  }

  #remember(key: string, asked: Promise<boolean>): void {
    this.#told.set(key, asked);
    const forget = (): void => {
      setTimeout(() => {
        if (this.#told.get(key) === asked) this.#told.delete(key);
      }, repeatMs).unref();
    };
    asked.then(forget, forget);
  }
}

const known = 'this signature has been used before: a request that changes something runs once';

const usedBefore = (): SignatureRefused => new SignatureRefused('signature', known);

/**
 * Two processes of a client of S3 that counts no attempts (rclone 1.60, minio-go, s3cmd) sign the same request within one
 * second alike. Nobody can tell it from a replay, so it does not run; but it is told so that such a client signs it again.
 */
const mayBeTwin = ({ scope, signedAt }: Authorization, now: Date): boolean =>
  scope.service === 's3' && now.getTime() - signedAt.getTime() <= repeatMs;

const signedTwice = (): GatewayError =>
  new GatewayError('RATE_LIMITED', known, { hint: 'sign it again in a second, if another process has sent the same' });

const tooMany = (): GatewayError =>
  new GatewayError('RATE_LIMITED', 'too many requests that change something', { hint: 'try again in a minute' });

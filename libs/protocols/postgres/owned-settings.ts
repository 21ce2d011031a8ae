/**
 * Settings of a session at the target that the gateway owns, checked by what the target reports of them.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC
 */
import { GatewayError } from '@sallyport/core';
import { violation } from './wire.js';

type Reported = readonly (readonly [name: string, value: string])[];

/** What the gateway's reading of texts relies on. The server says every name of its UTF-8 as UTF8, but for this old one. */
const relied: ReadonlyMap<string, readonly string[]> = new Map([
  ['client_encoding', ['UTF8', 'UNICODE']],
  ['standard_conforming_strings', ['on']],
]);

/** What names mean, and whose rights count. Servers before 18 report only the latter. */
const kept: ReadonlySet<string> = new Set(['search_path', 'session_authorization']);

/** By which a session is found in the target's own log and in pg_stat_activity. */
export const nameSetting = 'application_name';

/** @throws GatewayError PROTOCOL_VIOLATION where the control plane's word for a session is none */
export function nameOf(session: string): string {
  if (!/^[\w-]{1,50}$/.test(session)) throw violation('the session’s id is none'); // it stands in a statement of the agent's own
  return `sallyport:${session}`;
}

/** The start of a session: what its client may have asked for, under the gateway's name. */
export const ownSettings = (settings: Reported, session: string): Reported => [
  ...settings.filter(([name]) => name.toLowerCase() !== nameSetting),
  [nameSetting, nameOf(session)],
];

const drifted = (name: string, value: string, needed: string): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the session’s ${name} became "${value}"`, {
    hint: `the gateway needs ${name} = ${needed}`,
  });

export class OwnedSettings {
  readonly #first: ReadonlyMap<string, string>;

  /**
   * @param reported at the log-in
   * @throws GatewayError RESPONSE_NOT_UNDERSTOOD where the target has not taken what it was asked for
   */
  constructor(reported: Reported = []) {
    this.#first = new Map(reported);
    for (const [name, value] of reported) this.check(name, value, { expected: false });
  }

  /**
   * @param expected a statement of the client's may have changed it, and nothing relies on it any more
   * @throws GatewayError RESPONSE_NOT_UNDERSTOOD, which ends the session
   */
  check(name: string, value: string, { expected }: { readonly expected: boolean }): void {
    const taken = relied.get(name);
    if (taken?.includes(value) === false) throw drifted(name, value, taken[0]!);
    const first = this.#first.get(name);
    if (kept.has(name) && !expected && first !== undefined && value !== first) throw drifted(name, value, first);
  }
}

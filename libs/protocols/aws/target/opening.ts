/** What a session may do at a target: what the control plane asks for, within what the agent's own file allows. */

import { partitionOf } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { AwsCredential } from '@sallyport/engine';
import type { AwsSettings } from '../settings.js';
import type { Attribution, OpenedHead, OpenHead } from '../wire.js';
import type { AwsTarget } from './aws-target.js';

/** Whoever does not insist on an account does not wait longer than this to be told which it is. */
const accountMs = 3_000;

export interface Session {
  /** The ARN of the role that every call is scoped by; undefined where calls run under the agent's own credential. */
  readonly role: string | undefined;
  readonly attribution: Attribution;
  readonly allowsRegion: (region: string) => boolean;
  /** It may have become another's since the opening. @throws TARGET_UNKNOWN, CREDENTIAL_UNAVAILABLE */
  readonly checkAccount: (own: AwsCredential) => Promise<void>;
  readonly opened: OpenedHead;
}

/** @throws TARGET_UNKNOWN for what the file does not list, CREDENTIAL_UNAVAILABLE */
export async function openSession(target: AwsTarget, head: OpenHead): Promise<Session> {
  const { settings } = target;
  const allowsRegion = (region: string) =>
    (settings.regions?.has(region) ?? true) && (head.regions.length === 0 || head.regions.includes(region));
  if (head.regions.length > 0 && !head.regions.some(allowsRegion))
    throw notListed('regions', 'lists none of this connection’s regions');
  const role = roleOf(settings, head);
  const allowed = [settings.accounts, new Set(head.accounts)].filter(({ size }) => size > 0);
  const account = role?.split(':')[4] ?? (await ownAccount(target, allowed.length > 0));
  checkAccount(account, allowed);
  const region = allowsRegion(settings.region) ? settings.region : head.regions.find(allowsRegion);
  return {
    role,
    attribution: head.attribution,
    allowsRegion,
    checkAccount: async (own) => {
      if (allowed.length > 0) checkAccount(await target.account(own), allowed);
    },
    opened: {
      partition: partitionOf(target.catalogue, region ?? settings.region) ?? 'aws',
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
      holds: true,
    },
  };
}

/** Where the file lists roles, no call runs without one: leaving it out must not widen what a call may do. */
function roleOf({ roles }: AwsSettings, head: OpenHead): string | undefined {
  if (head.role !== undefined) {
    if (roles.includes(head.role)) return head.role;
    throw notListed('roles', 'does not list the role of this connection');
  }
  if (roles.length <= 1) return roles[0];
  throw notListed('roles', 'lists several roles, and this connection names none');
}

/** @param allowed each must have it in */
function checkAccount(account: string | undefined, allowed: readonly ReadonlySet<string>[]): void {
  if (account === undefined || allowed.every((accounts) => accounts.has(account))) return;
  throw new GatewayError(
    'TARGET_UNKNOWN',
    `calls would run in the account "${account}", which is not among those allowed`,
    { hint: 'compare "accounts" of the connection and of the agent’s configuration with the credential’s' },
  );
}

async function ownAccount(target: AwsTarget, isNeeded: boolean): Promise<string | undefined> {
  const asked = target.credential().then((own) => target.account(own));
  if (isNeeded) return asked;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), accountMs);
  });
  try {
    return await Promise.race([asked.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

const notListed = (field: string, what: string): GatewayError =>
  new GatewayError('TARGET_UNKNOWN', `the agent’s own configuration ${what}`, {
    hint: `an administrator can add to "${field}" of the target in the agent’s file`,
  });

import { GatewayError } from '@sallyport/core';
import type { Ticket } from '../ticket.js';

/**
 * botocore asks for new credentials before every call from fifteen minutes before their expiration on, and no setting
 * changes that: told when a ticket of fifteen minutes ends, it would ask for one a call.
 */
export const botocoreLead = 900;

const marginMs = 60_000;

/** What a credential process prints, version 1. */
export interface ProcessCredentials {
  readonly Version: 1;
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  readonly Expiration: string;
}

/** @throws UNSUPPORTED where the control plane gives no AWS credential */
export const awsOf = ({ aws, connection }: Ticket): NonNullable<Ticket['aws']> => {
  if (aws) return aws;
  throw new GatewayError('UNSUPPORTED', `the control plane gives no AWS credential for "${connection}"`, {
    hint: 'ask an administrator to look at its version',
  });
};

/** When to renew: well before the end, and never later than after three quarters of what is left. */
const renewalMs = (endMs: number, nowMs: number): number => endMs - Math.min(marginMs, Math.max(0, endMs - nowMs) / 4);

/**
 * @param lead seconds before the expiration at which the client renews by itself: it is told one that lies so much
 * later. The ticket ends when it ends, whatever a client was told.
 */
export const processCredentials = (ticket: Ticket, lead: number, nowMs: number): ProcessCredentials => {
  const { access_key_id, secret_access_key } = awsOf(ticket);
  return {
    Version: 1,
    AccessKeyId: access_key_id,
    SecretAccessKey: secret_access_key,
    SessionToken: ticket.ticket,
    Expiration: new Date(renewalMs(Date.parse(ticket.expires_at), nowMs) + lead * 1000).toISOString(),
  };
};

/** What a target starts by itself (LISTEN/NOTIFY), as an operation: it is decided and recorded before it is delivered. */
import { createHash } from 'node:crypto';
import type { Digest, Operation } from '@sallyport/core';
import { parseNotification } from './backend.js';
import { MessageReader, violation } from './wire.js';

/** @param bytes one NotificationResponse, masked already */
export function notificationOperation(bytes: Buffer): Operation {
  const reader = new MessageReader();
  reader.push(bytes);
  const message = reader.next();
  if (message === undefined) throw violation('a notification is not whole');
  const { channel, payload } = parseNotification(message);
  return {
    action: 'sql.notification',
    risk: 'read',
    text: `NOTIFY ${channel}, '${payload.slice(0, 8_000)}'`,
    facts: { channel },
    resources: [channel],
    digest: createHash('sha256').update(bytes).digest('hex') as Digest,
    pure: false,
  };
}

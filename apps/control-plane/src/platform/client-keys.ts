import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MasterKey } from './master-key.js';

/** What clients are given beside a ticket, or prove that they hold: derived again each time, and stored nowhere. */
@Injectable()
export class ClientKeys {
  private readonly key: Uint8Array;

  constructor(master: MasterKey) {
    this.key = master.derive('gateway/client-keys');
  }

  /** HMAC-SHA256; the purpose is told apart from the text by its length. The same on every replica. */
  derive(purpose: string, text: string): Uint8Array {
    return createHmac('sha256', this.key).update(`${purpose.length} ${purpose}`).update(text).digest();
  }
}

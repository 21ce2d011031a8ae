/**
 * HTTP/1.1 over one TLS connection with as little as possible in between, so that the client's own work does not drown what
 * is measured. Understands what the gateway and the bench's upstream say: answers with a length.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Place {
  readonly port: number;
  readonly ca: string;
}

export interface Answered {
  readonly status: number;
  /** Bytes of its body. */
  readonly bytes: number;
  readonly head: string;
}

interface Waiting {
  readonly resolve: (answered: Answered) => void;
  readonly reject: (error: Error) => void;
}

const endOfHead = Buffer.from('\r\n\r\n');
/** Longer than any object needs. */
const deadlineMs = 300_000;

export class Connection {
  readonly #socket: TLSSocket;
  #waiting: Waiting | undefined;
  #early: Buffer = Buffer.alloc(0);
  #head: { readonly status: number; readonly length: number; readonly text: string } | undefined;
  #bytes = 0;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed before the answer')));
  }

  static async open({ port, ca }: Place): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    return new Connection(socket);
  }

  /** @param body whole, or so many bytes of a block that is repeated */
  async send(head: string, body: Uint8Array | { readonly block: Buffer; readonly length: number }): Promise<Answered> {
    const answered = new Promise<Answered>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    answered.catch(() => undefined); // told below, once the body is out
    const late = setTimeout(() => this.#socket.destroy(new Error('no answer in time')), deadlineMs);
    try {
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      if (body instanceof Uint8Array) {
        if (body.length > 0) this.#socket.write(body);
        this.#socket.uncork();
      } else {
        this.#socket.uncork();
        await this.#repeat(body);
      }
      return await answered;
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  async #repeat({ block, length }: { readonly block: Buffer; readonly length: number }): Promise<void> {
    for (let left = length; left > 0 && this.#socket.writable; left -= block.length)
      if (!this.#socket.write(left < block.length ? block.subarray(0, left) : block)) await once(this.#socket, 'drain');
  }

  #take(chunk: Buffer): void {
    if (this.#head !== undefined) this.#bytes += chunk.length;
    else {
      const all = this.#early.length === 0 ? chunk : Buffer.concat([this.#early, chunk]);
      const at = all.indexOf(endOfHead);
      if (at < 0) {
        this.#early = all;
        return;
      }
      this.#early = Buffer.alloc(0);
      this.#bytes = all.length - at - endOfHead.length;
      this.#head = headOf(all.toString('latin1', 0, at));
    }
    const { status, length, text } = this.#head;
    if (this.#bytes < length) return;
    this.#head = undefined;
    this.#waiting?.resolve({ status, bytes: this.#bytes, head: text });
    this.#waiting = undefined;
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

function headOf(text: string) {
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1]);
  return { status, length, text };
}

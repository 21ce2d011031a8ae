import { type ServiceError, status } from '@grpc/grpc-js';
import { GatewayError, refusalOf } from '@sallyport/core';
import { type Channel, type Frame, FrameKind } from '@sallyport/engine';
import { type BatchRoom, decodeBatch } from './frames.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { reasonOf } from './status.js';

/** What both of gRPC's duplex streams have, and a session connection's stream, too. */
export interface ByteStream {
  on(event: string, listener: (...values: never[]) => void): unknown;
  write(bytes: Buffer, written: (error?: Error | null) => void): boolean;
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** What differs between the ends of a session's stream. */
export interface ChannelEnd {
  /** Resets the stream, whatever is queued in it. */
  abort(): void;
  /** Says what it means here that the other end is gone. */
  lost(cause: unknown): GatewayError;
  /** Both ends have said all. */
  ended(): void;
  /** gRPC lets a client half-close; a server's end is the end of the call. */
  readonly halfCloses: boolean;
  /** Where the stream wants its batches written. */
  readonly room?: BatchRoom;
  /** How long the other end may go on after this end has ended. */
  readonly lingerMs: number;
}

/** A `Channel` over one stream of batches. */
export class StreamChannel implements Channel {
  readonly frames: AsyncIterable<Frame>;
  /** Resolves when both directions have ended, or when it broke. */
  readonly closed: Promise<void>;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private settle!: () => void;
  private linger: NodeJS.Timeout | undefined;
  private sentAll = false;
  private heardAll = false;
  private over = false;

  constructor(
    private readonly stream: ByteStream,
    private readonly side: ChannelEnd,
  ) {
    this.closed = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.inbox = new Inbox({ pause: () => void stream.pause(), resume: () => void stream.resume() });
    this.frames = this.inbox;
    this.outbox = new Outbox({
      send: (batch, sent) => {
        stream.write(batch, (error) => (error ? undefined : sent())); // a failed write is followed by 'error' or 'close'
      },
      finished: () => this.finishedSending(),
      room: side.room,
    });
    this.listen();
  }

  /** The other end has taken the stream: what was written goes out now. */
  open(): void {
    this.outbox.open();
  }

  write(frame: Frame): boolean {
    return this.outbox.write(frame);
  }

  drained(): Promise<void> {
    return this.outbox.drained();
  }

  end(): void {
    if (this.over) return;
    this.outbox.end();
    this.linger ??= setTimeout(
      () => this.destroy(new GatewayError('TIMED_OUT', 'the other end of the session did not end')),
      this.side.lingerMs,
    );
  }

  /** Says why in a CLOSE frame, after what was written, and ends. */
  closeWith(error: unknown): void {
    this.write({
      kind: FrameKind.CLOSE,
      exchange: 0,
      head: Buffer.from(JSON.stringify(refusalOf(error))),
      body: new Uint8Array(0),
    });
    this.end();
  }

  destroy(error: GatewayError): void {
    if (this.over) return;
    this.fail(error, true);
    this.side.abort();
  }

  private listen(): void {
    this.stream.on('data', (bytes: Buffer) => this.receive(bytes));
    // Who ends says so in his last batch: an end without it is a reset, whatever gRPC calls it.
    this.stream.on('end', () => (this.heardAll ? undefined : this.broke(undefined)));
    this.stream.on('status', ({ code }: { code: status }) => (code === status.OK ? this.callEnded() : undefined));
    this.stream.on('error', (error: ServiceError | GatewayError) => this.broke(error));
    this.stream.on('cancelled', () => this.broke(undefined));
    this.stream.on('close', () => this.broke(undefined));
  }

  private receive(bytes: Buffer): void {
    if (this.over) return;
    try {
      if (this.heardAll) throw new GatewayError('PROTOCOL_VIOLATION', 'tunnel: a batch after the last');
      const { frames, last } = decodeBatch(bytes);
      this.inbox.push(frames);
      if (last) this.heard();
    } catch (error) {
      this.destroy(error instanceof GatewayError ? error : this.side.lost(error));
    }
  }

  private heard(): void {
    if (this.heardAll || this.over) return;
    this.heardAll = true;
    this.inbox.end();
    this.closeWhenBothEnded();
  }

  private finishedSending(): void {
    this.sentAll = true;
    if (this.side.halfCloses) this.stream.end();
    this.closeWhenBothEnded();
  }

  /** A server ended the call under a client that had more to say: nothing more can be written. */
  private callEnded(): void {
    if (this.sentAll || this.over) return;
    this.sentAll = true;
    this.outbox.break(this.side.lost(undefined));
    this.closeWhenBothEnded();
  }

  private closeWhenBothEnded(): void {
    if (!this.sentAll || !this.heardAll || this.over) return;
    this.finish();
    this.side.ended();
  }

  private broke(error: Partial<ServiceError> | GatewayError | undefined): void {
    if (this.over) return;
    this.fail(given(error) ?? this.side.lost(error), false);
    this.side.abort();
  }

  private fail(error: GatewayError, now: boolean): void {
    this.finish();
    this.inbox.break(error, now);
    this.outbox.break(error);
  }

  private finish(): void {
    this.over = true;
    clearTimeout(this.linger);
    this.settle();
  }
}

const given = (error: Partial<ServiceError> | GatewayError | undefined): GatewayError | undefined =>
  error === undefined || error instanceof GatewayError ? error : reasonOf(error);

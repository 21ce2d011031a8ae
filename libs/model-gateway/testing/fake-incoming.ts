/** A request and what was answered to it, without a socket. */
import { Readable } from 'node:stream';
import { Departure, type Headers, type Incoming } from '@sallyport/http';

export interface Answered {
  status: number;
  headers: Headers;
  body: string;
  ended: boolean;
  destroyed: boolean;
}

export interface FakeOptions {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Headers;
  readonly body?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export function fakeIncoming({ method = 'POST', target = '/', headers = [], body = [] }: FakeOptions = {}) {
  const gone = new Departure();
  const answered: Answered = { status: 0, headers: [], body: '', ended: false, destroyed: false };
  const incoming: Incoming = {
    method,
    target,
    headers,
    body: Readable.from(body, { objectMode: false }),
    http2: false,
    gone,
    get begun() {
      return answered.status !== 0;
    },
    proceed: () => undefined,
    head: (status, all) => {
      if (answered.status !== 0) throw new Error('the head was written twice');
      answered.status = status;
      answered.headers = all;
    },
    write: (chunk) => {
      if (answered.ended) throw new Error('written after the end');
      answered.body += Buffer.from(chunk).toString('utf8');
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => {
      answered.ended = true;
    },
    destroy: () => {
      answered.destroyed = true;
    },
  };
  return { incoming, answered, leave: () => gone.happen() };
}

/** What the specs about faults and replicas do with sessions: open them, watch them end, and look for them on record. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Installation, type Ticket, until } from './installation.js';

/** As a client hears it: a PostgreSQL error has a SQLSTATE, a closed socket has none. */
export interface Heard extends Error {
  readonly code?: string;
  readonly severity?: string;
  readonly hint?: string;
}

export interface Way {
  readonly port?: number;
  readonly connection?: string;
  readonly database?: string;
}

export interface Operation {
  readonly id: string;
  readonly action: string;
  readonly text: string | null;
  readonly decision: { readonly outcome: string; readonly refusal: { readonly code: string } | null } | null;
  readonly review_id: string | null;
  readonly outcome: { readonly status: string; readonly code: string | null } | null;
}

export interface OnRecord extends Operation {
  readonly session: string;
}

export interface Review {
  readonly id: string;
  readonly state: string;
  readonly preview: string;
}

/** One client with everything that it has been told, so that a canary can be looked for in it at the end. */
export class Visitor {
  readonly told: string[] = [];
  readonly notices: string[] = [];
  /** The error that ended the connection while nothing was being asked, or after. */
  lost: Heard | undefined;
  closed = false;
  readonly client: pg.Client;

  constructor(options: pg.ClientConfig, everything: string[]) {
    this.client = new pg.Client({ ...options, connectionTimeoutMillis: 20_000 });
    const tell = (what: unknown): void => {
      const text = what instanceof Error ? JSON.stringify({ ...what, message: what.message }) : JSON.stringify(what);
      this.told.push(text);
      everything.push(text);
    };
    this.client.on('error', (error: Heard) => {
      this.lost ??= error;
      tell(error);
    });
    this.client.on('notice', (notice) => {
      this.notices.push(notice.message ?? '');
      tell(notice);
    });
    this.client.on('end', () => {
      this.closed = true;
    });
    this.#tell = tell;
  }
  readonly #tell: (what: unknown) => void;

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string): Promise<pg.QueryResult<Row>> {
    try {
      const result = await this.client.query<Row>(sql);
      this.#tell(result.rows);
      return result;
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  /** The error that this statement ends in. */
  async refusal(sql: string): Promise<Heard> {
    try {
      await this.query(sql);
    } catch (error) {
      return error as Heard;
    }
    throw new Error(`this ran, and should not have: ${sql}`);
  }

  /** Hangs up without a word, as a client that has crashed. */
  vanish(): void {
    this.client.on('error', () => undefined);
    (this.client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
}

/** A promise that must come to its end in this time; what it comes to is not our matter here. */
export const within = async <T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> => {
  const late = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(milliseconds, undefined, { signal: late.signal }).then(() => {
        throw new Error(`not within ${milliseconds} ms: ${what}`);
      }),
    ]);
  } finally {
    late.abort();
  }
};

/** The visitors of one installation. */
export class Visitors {
  /** All that any of them was ever told. */
  readonly everything: string[] = [];
  readonly #open: Visitor[] = [];

  constructor(private readonly sallyport: Installation) {}

  async options(
    ticket: Ticket,
    { port, connection = 'orders', database = 'shop' }: Way = {},
  ): Promise<pg.ClientConfig> {
    return {
      host: '127.0.0.1',
      port: port ?? this.sallyport.ports.postgres,
      user: connection,
      password: ticket.ticket,
      database,
      ssl: { ca: ticket.endpoint.ca_certificate },
    };
  }

  async with(ticket: Ticket, way: Way = {}): Promise<Visitor> {
    const visitor = new Visitor(await this.options(ticket, way), this.everything);
    try {
      await visitor.client.connect();
    } catch (error) {
      this.everything.push(JSON.stringify({ ...(error as Heard), message: (error as Heard).message }));
      throw error;
    }
    this.#open.push(visitor);
    return visitor;
  }

  async connect(person = 'ada', way: Way = {}): Promise<Visitor> {
    return this.with(await this.sallyport.ticket(person), way);
  }

  /** The error with which the door stays shut. */
  async turnedAway(ticket: Ticket, way: Way = {}): Promise<Heard> {
    try {
      await this.with(ticket, way);
    } catch (error) {
      return error as Heard;
    }
    throw new Error('the door was open, and should not have been');
  }

  /** A session that works, as soon as there is one: with one ticket, however many tries it takes. */
  async served(person = 'ada', way: Way = {}): Promise<Visitor> {
    const ticket = await until('a ticket is to be had', () => this.sallyport.ticket(person));
    return until('the next session works', async () => {
      await sleep(200);
      const visitor = await this.with(ticket, way);
      await visitor.query('select 1');
      return visitor;
    });
  }

  async leave(): Promise<void> {
    const open = this.#open.splice(0).filter(({ closed }) => !closed);
    await Promise.all(open.map(({ client }) => client.end().catch(() => undefined)));
  }
}

/** Operations whose statement contains this, newest session first. */
async function* operationsWith(sallyport: Installation, text: string): AsyncGenerator<OnRecord> {
  const { items } = await sallyport.api<{ items: { id: string }[] }>('grace', 'GET', '/v1/sessions?limit=200');
  for (const { id: session } of items)
    for (const operation of (await sallyport.operations(session)) as unknown as Operation[])
      if (operation.text?.includes(text) === true) yield { ...operation, session };
}

/** The operation whose statement contains this, with its session, once it is there and `is` so. */
export const onRecord = (
  sallyport: Installation,
  text: string,
  is: (operation: OnRecord) => boolean = () => true,
): Promise<OnRecord> =>
  until(`an operation with "${text}" is on record as expected`, async () => {
    for await (const operation of operationsWith(sallyport, text)) if (is(operation)) return operation;
    return undefined;
  });

export const allOnRecord = async (sallyport: Installation, text: string): Promise<OnRecord[]> => {
  const found: OnRecord[] = [];
  for await (const operation of operationsWith(sallyport, text)) found.push(operation);
  return found;
};

export const sessionEnded = (sallyport: Installation, session: string) =>
  until('the session has ended on record', async () => {
    const view = await sallyport.api<{ ended_at: string | null; end_reason: string | null }>(
      'grace',
      'GET',
      `/v1/sessions/${session}`,
    );
    return view.ended_at !== null && view;
  });

export const reviewsOf = async (sallyport: Installation, text: string, url?: string): Promise<Review[]> =>
  (await sallyport.api<{ items: Review[] }>('ravi', 'GET', '/v1/reviews', undefined, url)).items.filter(({ preview }) =>
    preview.includes(text),
  );

export const pendingReview = (sallyport: Installation, text: string, url?: string): Promise<Review> =>
  until(`a review of "${text}" is pending`, async () =>
    (await reviewsOf(sallyport, text, url)).find(({ state }) => state === 'pending'),
  );

export const settle = (
  sallyport: Installation,
  { id }: Review,
  verdict: 'approve' | 'reject' = 'approve',
  url?: string,
): Promise<unknown> =>
  sallyport.api('ravi', 'POST', `/v1/reviews/${id}/verdict`, { verdict, reason: 'for the tests' }, url);

/** Backends of the target that run, or ran last, a statement with this in it. */
export const backends = async (
  sallyport: Installation,
  text: string,
  state = '%',
): Promise<readonly { pid: number }[]> =>
  sallyport.target.query<{ pid: number }>(
    `select pid from pg_stat_activity where query like $1 and state like $2 and pid <> pg_backend_pid()`,
    [`%${text}%`, state],
  );

export const isRunning = (sallyport: Installation, text: string): Promise<unknown> =>
  until(`"${text}" runs at the target`, async () => (await backends(sallyport, text, 'active')).length > 0);

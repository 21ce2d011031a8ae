/** A model's API to the client, over HTTP/1.1 and HTTP/2: each request shows the ticket, and the connection is the ticket's. */
import { createHash } from 'node:crypto';
import { GatewayError, refusalOf } from '@sallyport/core';
import type { ClientSide, Lobby, SessionHandle } from '@sallyport/engine';
import {
  CallSessions,
  type Client,
  createHttpServers,
  HeldBodies,
  type HttpServers,
  headerOf,
  type Incoming,
  type InspectedBytes,
  serveClient,
} from '@sallyport/http';
import type { ModelRequest } from '@sallyport/models';
import type { OpenedHead, OpenHead } from '../wire.js';
import { AgentPaths } from './agent-paths.js';
import { Answering } from './answering.js';
import { hasCredential, headOf, passing, ticketOf } from './arriving.js';
import { readBody, wholeBodyBytes } from './body.js';
import { type Asked, ModelCall, type Patience, usualPatience } from './model-call.js';
import { modelOperation, refusedOperation } from './model-operation.js';
import { type Routed, routeOf } from './route.js';
import type { ModelSurface } from './surface.js';

/** What outlives a connection. */
interface House {
  readonly surface: ModelSurface;
  readonly sessions: CallSessions<OpenedHead>;
  readonly servers: HttpServers;
  readonly bodies: HeldBodies;
  readonly agents: AgentPaths;
  readonly patience: Patience;
}

/** One person's agents and sub-agents at work side by side. */
const mostCalls = 256;

export function createModelClientSide(surface: ModelSurface, patience: Partial<Patience> = {}): ClientSide {
  // By the id: two issuers may know somebody of the same name, and each has conversations of his own.
  const openHead = ({ identity }: SessionHandle): OpenHead => ({ person: identity.id });
  const house: House = {
    surface,
    sessions: new CallSessions<OpenedHead>({ openHead, mostCalls }),
    servers: createHttpServers(),
    bodies: new HeldBodies({
      one: wholeBodyBytes,
      all: 512 * 1024 * 1024,
      hint: 'send less in one request: fewer or smaller images and documents',
    }),
    agents: new AgentPaths(),
    patience: { ...usualPatience, ...patience },
  };
  return { name: surface.name, serve: (client, lobby) => serve(client, lobby, house) };
}

function serve(client: Client, lobby: Lobby, house: House): Promise<void> {
  const place: Place = { lobby, house, address: client.remoteAddress ?? 'unknown' };
  const answered = (incoming: Incoming): Promise<void> => answer(incoming, place);
  return serveClient(client, { lobby, servers: house.servers, proxy: false, answer: answered });
}

interface Place {
  readonly lobby: Lobby;
  readonly house: House;
  readonly address: string;
}

/** Whatever goes wrong is the client's answer; rejects only where even that cannot be said. */
async function answer(incoming: Incoming, place: Place): Promise<void> {
  const { lobby, house } = place;
  const { surface, patience } = house;
  if (surface.probes.includes(incoming.target) && incoming.method === 'HEAD') {
    incoming.head(200, [['content-length', '0']]);
    return incoming.end();
  }
  const budget = house.bodies.begin();
  try {
    await serveCall(incoming, place, budget);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === 'INTERNAL') lobby.log('call.failed', { error });
    new Answering(incoming, surface, patience).refuse(refusal);
  } finally {
    budget.giveBack();
  }
}

/** @throws GatewayError: nothing was run, and the client has not been told yet */
async function serveCall(incoming: Incoming, place: Place, budget: InspectedBytes): Promise<void> {
  const { lobby, house, address } = place;
  const head = headOf(incoming);
  const ticket = ticketOf(head.headers);
  budget.belongTo(createHash('sha256').update(ticket).digest('base64'));
  const clientName = headerOf(head.headers, 'user-agent');
  const session = await house.sessions.obtain(
    { ticket, clientAddress: address, ...(clientName === undefined ? {} : { clientName: clientName.slice(0, 256) }) },
    lobby,
  );
  await session.handle.confirmed();
  const asked = await askedOf(incoming, { head, budget, house, session }).catch(async (error: unknown) => {
    await recordRefused(house, { head, session, error });
    throw error;
  });
  const { surface, patience } = house;
  const call = new ModelCall({ incoming, session, surface, patience, ...asked });
  try {
    await session.run(call);
  } finally {
    call.end();
  }
}

async function recordRefused(
  { surface }: House,
  { head, session, error }: Pick<Arrived, 'head' | 'session'> & { readonly error: unknown },
): Promise<void> {
  const { code, message } = refusalOf(error);
  if (code === 'CANCELLED') return; // it never came whole
  const { method, path } = head;
  await session.run({
    operation: refusedOperation(surface, { method, path, reason: message }),
    refuse: async () => undefined,
    forward: (_permit, _gate, record) => record.outcome({ status: 'skipped', code, maskedFields: 0 }),
  });
}

interface Arrived {
  readonly head: ReturnType<typeof headOf>;
  readonly budget: InspectedBytes;
  readonly house: House;
  readonly session: Asked['session'];
}

/** Reads what must be read, and describes it. */
async function askedOf(
  incoming: Incoming,
  { head, budget, house, session }: Arrived,
): Promise<Pick<Asked, 'operation' | 'head' | 'body' | 'request' | 'told'>> {
  const { surface, agents } = house;
  assertNoSocket(incoming);
  const { route, path, id } = routeOf(surface, head);
  if (hasCredential(head.query)) throw ticketInAddress();
  const { method, api } = route;
  const body = await readBody(incoming, budget);
  const request = api === undefined ? withoutBody(body) : described(surface, api, body);
  const { query } = head;
  const headers = passing(head.headers);
  const { handle } = session;
  const told = agents.along(
    handle.identity.id,
    surface.turnOf({ headers, ...(request === undefined ? {} : { request }) }),
  );
  const ofRequest = request === undefined ? {} : { request };
  const operation = modelOperation({ surface, method, path, query, headers, id, body, told, ...ofRequest });
  const { client = '', aiSession, agent = '' } = told.turn;
  const conversation = JSON.stringify([client, aiSession ?? handle.id, agent]);
  const forModel = request === undefined ? {} : { api: request.api, model: request.model };
  return { operation, body, told, ...ofRequest, head: { method, path, query, headers, conversation, ...forModel } };
}

function assertNoSocket({ headers }: Incoming): void {
  if (!/\bwebsocket\b/i.test(headerOf(headers, 'upgrade') ?? '')) return;
  throw new GatewayError('FORBIDDEN', 'a WebSocket is not opened through this gateway', {
    hint: 'set the client to HTTP: what goes through a WebSocket can be neither read nor held',
  });
}

const ticketInAddress = (): GatewayError =>
  new GatewayError(
    'PROTOCOL_VIOLATION',
    'the ticket stands in the address of the request, and addresses are written to logs',
    {
      hint: 'send it in a header alone, and get a new one',
    },
  );

function described(surface: ModelSurface, name: NonNullable<Routed['route']['api']>, body: Buffer): ModelRequest {
  const api = surface.apis.get(name);
  if (api === undefined) throw new GatewayError('UNSUPPORTED', `this gateway cannot read requests of "${name}"`);
  return api.describe(body);
}

function withoutBody(body: Buffer): undefined {
  if (body.length > 0) throw new GatewayError('PROTOCOL_VIOLATION', 'a request of this kind has no body');
}

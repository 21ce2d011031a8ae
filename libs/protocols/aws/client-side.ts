/**
 * AWS to the client: every API behind one endpoint, over HTTP/1.1 and HTTP/2. The ticket is the session token, and the key
 * that signs is derived from it, so each request proves itself; the connection is the ticket's.
 */

import { randomUUID } from 'node:crypto';
import { type BodyVerifier, type Catalogue, loadCatalogue, parseAuthorization } from '@sallyport/aws';
import { refusalOf } from '@sallyport/core';
import type { ClientSide, Lobby } from '@sallyport/engine';
import {
  CallSessions,
  type Client,
  createHttpServers,
  type HttpServers,
  headerOf,
  type Incoming,
  serveClient,
} from '@sallyport/http';
import { loadParser } from '@sallyport/sql';
import { InspectionBudget } from './client/budget.js';
import { answerError, serveCall } from './client/call.js';
import { openHead } from './client/open-head.js';
import { usualRegion } from './client/regions.js';
import { addressingOf, asSignedBy, errorStyleOf, requestOf } from './client/request.js';
import { authenticate } from './client/signature.js';
import { SignatureRefused } from './client/signature-refused.js';
import { SingleUses } from './client/single-use.js';
import { TicketKeys } from './client/ticket-keys.js';
import { readWhole } from './client/upload.js';
import type { OpenedHead } from './wire.js';

/** What outlives a connection. */
interface House {
  readonly catalogue: Catalogue;
  readonly sessions: CallSessions<OpenedHead>;
  readonly servers: HttpServers;
  readonly uses: SingleUses;
  readonly keys: TicketKeys;
  readonly budget: InspectionBudget;
  readonly holdMs: number;
}

/** SDKs ask for as much at once as their caller does (s5cmd: 256 calls), and try a refused call but twice more. */
const patienceMs = 30_000;

/** botocore stops reading after 60 s and asks again; answered before that, it shows the answer instead. */
const usualHoldMs = 45_000;

export interface AwsClientSideOptions {
  /** How long a client is kept waiting for people before it is told to come back. */
  readonly holdMs?: number;
}

export async function createAwsClientSide({ holdMs = usualHoldMs }: AwsClientSideOptions = {}): Promise<ClientSide> {
  await loadParser(); // calls that carry SQL are described by its grammar
  const house: House = {
    catalogue: loadCatalogue(),
    sessions: new CallSessions<OpenedHead>({ openHead, patienceMs }),
    servers: createHttpServers(),
    uses: new SingleUses(),
    keys: new TicketKeys(),
    budget: new InspectionBudget(),
    holdMs,
  };
  return { name: 'aws', serve: (client, lobby) => serve(client, lobby, house) };
}

function serve(client: Client, lobby: Lobby, house: House): Promise<void> {
  const place: Place = {
    lobby,
    house,
    address: client.remoteAddress ?? 'unknown',
    connection: randomUUID(),
  };
  const answered = (incoming: Incoming): Promise<void> => answer(incoming, place);
  // As AWS itself, but for a few services: HTTP/2 forbids what HTTP/1.1 allows, such as a space at the end of a header.
  const prefers = 'http1First';
  return serveClient(client, { lobby, servers: house.servers, proxy: true, prefers, answer: answered });
}

interface Place {
  readonly lobby: Lobby;
  readonly house: House;
  readonly address: string;
  /** Never the same for two connections. */
  readonly connection: string;
}

/** Of a body whose hash is in the signature: verifying that verifies it. */
const unchecked: Pick<BodyVerifier, 'push' | 'finish'> = {
  push: (bytes) => [bytes],
  finish: () => ({ length: 0, trailers: [] }),
};

const ofS3 = (signingName: string): boolean => /^s3(express)?$/.test(signingName);

/** Whatever goes wrong is the client's answer; rejects only where even that cannot be said. */
async function answer(incoming: Incoming, { lobby, house, address, connection }: Place): Promise<void> {
  const budget = house.budget.begin();
  let style = errorStyleOf(
    {
      method: incoming.method,
      path: incoming.target,
      query: '',
      headers: incoming.headers,
    },
    undefined,
  );
  try {
    const request = requestOf(incoming);
    const claimed = parseAuthorization(request);
    // The signing name is not proven yet: it is good for the shape of an error only.
    style = errorStyleOf(request, claimed.ok ? claimed.scope.service : undefined);
    // Nothing of a body is read before the key has been found to be that of the ticket.
    budget.belongTo(claimed.ok ? claimed.accessKeyId : '');
    const addressing = claimed.ok && ofS3(claimed.scope.service) ? addressingOf(request, lobby.publicHost) : {};
    const asSigned = claimed.ok ? asSignedBy(claimed, request, incoming, addressing) : request;
    const signed = await authenticate(request, claimed, {
      asSigned,
      lobby,
      uses: house.uses,
      keys: house.keys,
      now: new Date(),
      connection,
      address,
      read: () => readWhole(incoming, unchecked, budget),
    });
    const clientName = headerOf(request.headers, 'user-agent');
    const claim = {
      ticket: signed.ticket,
      clientAddress: address,
      ...(clientName === undefined ? {} : { clientName: clientName.slice(0, 256) }),
    };
    const session = await house.sessions.obtain(claim, lobby);
    await session.handle.confirmed();
    const { catalogue, holdMs } = house;
    const { scope } = signed;
    const region = scope.region || usualRegion(session.handle);
    await serveCall({
      incoming,
      addressing,
      signed: { ...signed, scope: { ...scope, region } },
      style,
      session,
      catalogue,
      budget,
      holdMs,
    });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.code === 'INTERNAL') lobby.log('call.failed', { error });
    answerError({ incoming, style }, refusal, error instanceof SignatureRefused ? error.fault : undefined);
  } finally {
    budget.giveBack();
  }
}

/** Whose signature it is, over what, when, and how often. */
import { answerTo } from './answers.js';
import { attempted, caseOf, dynamoDb, onTable, refusedAs, streamedBytes, type Wire, withHeader } from './attempt.js';
import { send, signedBy, type ToSend } from './client.js';
import { play, requestFor, unusable } from './verdict.js';
import type { World } from './world.js';

const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);
const getItem = (): ToSend => onTable('GetItem', { Key: { id: { S: '1' } } });
const putItem = (): ToSend => onTable('PutItem', { Item: { id: { S: '1' } } });

/** The same bytes over another connection, where the first was approved and has run. */
async function twice(world: World): Promise<string[]> {
  const request = signedBy(world.gateway, putItem(), dynamoDb);
  world.reviewer = async () => 'approve';
  world.answer = answerTo('AWS-129', 'json');
  const first = await play(world, request);
  const again = await send(world.gateway, request);
  return [
    ...(first.status === 200 ? [] : [`at first it says ${first.status} ${first.body.toString()}`]),
    ...(again.status === 403 && again.body.includes('used before') ? [] : [`again it says ${again.status}`]),
    ...(world.arrived().length === 1 ? [] : [`it arrived ${world.arrived().length} times`]),
    ...(world.asked.length === 1 ? [] : [`people were asked ${world.asked.length} times`]),
    ...(await unusable(world)),
  ];
}

const asGetItem = { scope: dynamoDb, change: getItem };

export const signatureCases: Readonly<Record<string, Wire>> = {
  'AWS-036': (world) =>
    attempted(world, 'AWS-036', {
      says: /policy/i,
      scope: { region: 'us-east-1', signingName: 'rds-db' },
      change: (request) => ({ ...request, query: 'Action=connect&DBUser=admin' }),
      recorded: 'operation.deny',
    }),
  'AWS-039': async (world) => {
    const request = withHeader(requestFor(caseOf('AWS-039')), 'content-type', 'application/octet-stream');
    const answer = await play(world, request);
    return refusedAs(world, { answer, request, scope: { region: 'us-east-1', signingName: 's3' }, says: /<Code>/ });
  },
  'AWS-120': async (world) => [
    ...(await attempted(world, 'AWS-120', {
      says: /InvalidClientTokenId/,
      tamper: (request) => withHeader(request, 'x-amz-security-token', 'clienttoken'),
    })),
    ...(await attempted(world, 'AWS-120', {
      says: /InvalidClientTokenId/,
      credentials: { ...world.gateway.credentials, sessionToken: 'clienttoken' },
    })),
  ],
  'AWS-129': async (world) => [
    ...(await attempted(world, 'AWS-129', {
      ...asGetItem,
      says: /InvalidSignatureException/,
      now: new Date('2026-01-01T00:00:00Z'),
    })),
    ...(await twice(world)),
  ],
  'AWS-130': async (world) => [
    ...(await attempted(world, 'AWS-130', { ...asGetItem, says: /InvalidSignatureException/, now: minutes(16) })),
    ...(await attempted(world, 'AWS-130', { ...asGetItem, says: /InvalidSignatureException/, now: minutes(-16) })),
  ],
  'AWS-132': async (world) => [
    ...(await attempted(world, 'AWS-132', {
      ...asGetItem,
      says: /IncompleteSignatureException/,
      tamper: (request) => withHeader(request, 'x-amz-content-sha256', 'deadbeef'),
    })),
    ...(await attempted(world, 'AWS-132', {
      ...asGetItem,
      says: /InvalidSignatureException/,
      tamper: (request) => ({ ...request, body: onTable('GetItem', { Key: { id: { S: '2' } } }).body! }),
    })),
    ...(await otherBody(world, 5, 'operation.deny')),
    ...(await otherBody(world, streamedBytes, 'operation.review')),
  ],
  'AWS-133': (world) =>
    attempted(world, 'AWS-133', {
      says: /signature version 4/,
      tamper: (request) =>
        withHeader(
          request,
          'authorization',
          'AWS4-ECDSA-P256-SHA256 Credential=DUMMY/20260101/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00',
        ),
    }),
};

/** S3 tells the hash of a body in a header: it must be the hash of what comes. */
async function otherBody(world: World, size: number, recorded: string): Promise<string[]> {
  const scope = { region: 'us-east-1', signingName: 's3' };
  const told: ToSend = {
    method: 'PUT',
    path: '/public/x',
    query: '',
    headers: [['host', 'app-data.s3.us-east-1.amazonaws.com']],
    body: Buffer.alloc(size, 'x'),
  };
  world.reviewer = async () => 'approve';
  const signed = signedBy(world.gateway, told, scope);
  const request = { ...signed, body: Buffer.alloc(size, 'y') };
  const answer = await play(world, request);
  return refusedAs(world, { answer, request, scope, says: /SignatureDoesNotMatch|hash/, recorded });
}

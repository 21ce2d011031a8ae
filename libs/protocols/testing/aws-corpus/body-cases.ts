/** Bodies that are longer, cut otherwise, or encoded otherwise than whoever looks at them expects; both ways. */
import { crc32 } from 'node:zlib';
import { maxInspectedBytes, parseAuthorization, type SignedScope } from '@sallyport/aws';
import { signedChunks } from '../../../aws/testing/chunked.js';
import { scopeOf } from '../../aws/corpus-cases.fixture.js';
import { answerTo, partOf } from './answers.js';
import { attempted, caseOf, refusedAs, streamedBytes, type Wire, withHeader } from './attempt.js';
import { accessKey, token } from './canaries.js';
import { type Answer, signedBy, type ToSend } from './client.js';
import { sendOverHttp2 } from './http2-client.js';
import { denied, play, reached, requestFor, unusable } from './verdict.js';
import { leaksOf, moment, type World } from './world.js';

const s3: SignedScope = { region: 'us-east-1', signingName: 's3' };

const put = (path: string, headers: ToSend['headers'], body: Buffer): ToSend => ({
  method: 'PUT',
  path,
  query: '',
  headers: [['host', 'app-data.s3.us-east-1.amazonaws.com'], ...headers],
  body,
});

/** In one unsigned chunk; the checksum that is announced, and another trailer. */
const withTrailer = (path: string, content: Buffer): ToSend => {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(content));
  const trailers = `x-amz-checksum-crc32:${checksum.toString('base64')}\r\nx-amz-acl: public-read\r\n`;
  const headers: ToSend['headers'] = [
    ['content-encoding', 'aws-chunked'],
    ['x-amz-trailer', 'x-amz-checksum-crc32'],
    ['x-amz-decoded-content-length', String(content.length)],
  ];
  const head = Buffer.from(`${content.length.toString(16)}\r\n`);
  return put(path, headers, Buffer.concat([head, content, Buffer.from(`\r\n0\r\n${trailers}\r\n`)]));
};

interface Trailed {
  readonly path: string;
  readonly size: number;
  readonly says: RegExp;
  readonly recorded: string;
}

async function trailed(world: World, { path, size, says, recorded }: Trailed): Promise<string[]> {
  world.reviewer = async () => 'approve';
  const payload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const request = signedBy(world.gateway, withTrailer(path, Buffer.alloc(size, 'x')), s3, { payload });
  return refusedAs(world, { answer: await play(world, request), request, scope: s3, says, recorded });
}

/** Signed in chunks by the client; what AWS gets has none, and the agent's signature. */
async function resigned(world: World): Promise<string[]> {
  const { gateway } = world;
  const content = Buffer.from('hello, chunks');
  const head = put(
    '/public/x',
    [
      ['content-encoding', 'aws-chunked'],
      ['x-amz-decoded-content-length', '13'],
    ],
    content,
  );
  const signed = signedBy(gateway, head, s3, { payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' });
  const authorization = parseAuthorization({ ...signed, body: new Uint8Array(0) });
  if (!authorization.ok) throw new Error(authorization.message);
  const body = signedChunks(content, { size: 8 }, gateway.credentials.secretAccessKey, authorization);
  let early: string[] = [];
  world.answer = answerTo('AWS-085', 'rest');
  world.reviewer = async () => {
    await moment();
    early = reached(world);
    return 'approve';
  };
  const answer = await play(world, { ...signed, body });
  const [seen] = world.arrived();
  const heard = JSON.stringify(seen?.headers ?? {});
  const signature = /Signature=\w+/.exec(signed.headers.find(([name]) => name === 'authorization')![1])![0];
  return [
    ...early,
    ...(answer.status === 200 ? [] : [`it says ${answer.status} ${answer.body.toString()}`]),
    ...(seen?.body.equals(content) === true ? [] : [`AWS got ${String(seen?.body.toString())}`]),
    ...(world.arrived().length === 1 ? [] : [`it arrived ${world.arrived().length} times`]),
    ...(heard.includes(signature) ? ['the client’s signature went on'] : []),
    ...(heard.includes(gateway.credentials.sessionToken) ? ['the ticket went on'] : []),
    ...(await unusable(world)),
  ];
}

/** Nine bytes at a time, over every place where a secret is cut. */
async function inRanges(world: World): Promise<string[]> {
  const whole = `${'x'.repeat(94)},${accessKey},${token},rest\n`;
  const one = caseOf('AWS-079');
  const pieces: Buffer[] = [];
  world.answer = partOf(whole);
  for (let at = 0; at < whole.length; at += 9) {
    const request = withHeader(requestFor(one), 'range', `bytes=${at}-${at + 8}`);
    const answer = await play(world, signedBy(world.gateway, request, scopeOf(one)));
    const size = Math.min(9, whole.length - at);
    if (answer.status !== 206 || answer.body.length !== size) return [`bytes from ${at}: ${answer.status}`];
    pieces.push(answer.body);
  }
  const read = Buffer.concat(pieces);
  return [
    ...leaksOf(world, { headers: [], body: read }),
    ...(read.toString().startsWith('x'.repeat(94)) && read.toString().endsWith(',rest\n') ? [] : ['more is hidden']),
  ];
}

async function undecodable(world: World): Promise<string[]> {
  const one = caseOf('AWS-083');
  world.answer = answerTo(one.id, 'rest');
  const answer: Answer = await play(world, signedBy(world.gateway, requestFor(one), scopeOf(one)));
  return [
    ...(answer.status === 400 ? [] : [`it says ${answer.status}`]),
    ...leaksOf(world, answer),
    ...(await unusable(world)),
  ];
}

const padded = `<Delete><!--${' '.repeat(maxInspectedBytes)}--><Object><Key>private/z</Key></Object></Delete>`;

export const bodyCases: Readonly<Record<string, Wire>> = {
  'AWS-062': (world) => denied(world, caseOf('AWS-062')),
  'AWS-077': (world) =>
    attempted(world, 'AWS-077', {
      says: /cannot be inspected/,
      change: (request) => ({ ...request, body: Buffer.from(padded) }),
      recorded: 'operation.deny',
    }),
  'AWS-079': inRanges,
  'AWS-083': undecodable,
  // A body that is small, or that people would be asked about, is read first; else it is decided first, and never whole at AWS.
  'AWS-084': async (world) => [
    ...(await trailed(world, { path: '/private/x', size: 5, says: /trailer/, recorded: 'operation.deny' })),
    ...(await trailed(world, { path: '/private/x', size: streamedBytes, says: /policy/, recorded: 'operation.deny' })),
    ...(await trailed(world, { path: '/public/x', size: 5, says: /trailer/, recorded: 'operation.deny' })),
    ...(await trailed(world, {
      path: '/public/x',
      size: streamedBytes,
      says: /trailer/,
      recorded: 'operation.deny',
    })),
  ],
  'AWS-085': resigned,
  'AWS-103': (world) =>
    attempted(world, 'AWS-103', {
      says: /bodies signed as .*EVENTS.* are not supported/,
      scope: { region: 'us-east-1', signingName: 'transcribe' },
      payload: 'STREAMING-AWS4-HMAC-SHA256-EVENTS',
      send: (request) => sendOverHttp2(world.gateway, request),
    }),
  'AWS-135': (world) => denied(world, caseOf('AWS-135')),
  'AWS-139': (world) => denied(world, caseOf('AWS-139')),
};

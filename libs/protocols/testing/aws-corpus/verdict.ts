/** What each expectation of the corpus obliges, read off the oracles. Every sentence returned is a failure. */
import { type AwsCase, addressingOf, requestOf, scopeOf } from '../../aws/corpus-cases.fixture.js';
import { answerTo } from './answers.js';
import { type Answer, send, sendDirectly, signedBy, type ToSend } from './client.js';
import { leaksOf, moment, type World } from './world.js';

export const requestFor = (one: AwsCase): ToSend => {
  const { method, path, query, headers, body } = requestOf(one);
  const { host = 'localhost' } = one.input;
  const all = headers.some(([name]) => name === 'host') ? headers : [['host', host] as const, ...headers];
  return { method, path, query, headers: all, ...(body === undefined || body.length === 0 ? {} : { body }) };
};

/** What stands in for nothing at all of the right form. */
export const kindOf = ({ input: { headers = {}, method = 'POST', path = '/' } }: AwsCase): 'form' | 'rest' | 'json' => {
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'x-amz-target')) return 'json';
  return method === 'POST' && path === '/' ? 'form' : 'rest';
};

export interface Played {
  readonly answer: Answer;
  readonly problems: string[];
}

/** Sends one request and looks at what became of it. */
export async function play(world: World, request: ToSend): Promise<Answer> {
  world.forget();
  return send(world.gateway, request);
}

const usableRequest = (world: World): ToSend =>
  signedBy(
    world.gateway,
    {
      method: 'POST',
      path: '/',
      query: '',
      headers: [
        ['host', 'sts.us-east-1.amazonaws.com'],
        ['content-type', 'application/x-www-form-urlencoded'],
      ],
      body: Buffer.from('Action=GetCallerIdentity&Version=2011-06-15'),
    },
    { region: 'us-east-1', signingName: 'sts' },
  );

/** Every SDK asks who it is: it must go on working, whatever was tried before. */
export async function unusable(world: World): Promise<string[]> {
  const { status, body } = await send(world.gateway, usableRequest(world));
  return status === 200 && body.includes('111122223333') ? [] : [`the session cannot be used any more: ${status}`];
}

const shapes: Readonly<Record<string, RegExp>> = {
  json: /^\{"__type":"\w+","message":"sallyport: [^"]+/,
  s3: /^<\?xml [^>]*>\s*<Error><Code>\w+<\/Code><Message>sallyport: /,
  ec2: /^<\?xml [^>]*>\s*<Response><Errors><Error><Code>\w+<\/Code><Message>sallyport: /,
  form: /^<\?xml [^>]*>\s*<ErrorResponse><Error><Type>Sender<\/Type><Code>\w+<\/Code><Message>sallyport: /,
  'rest-json': /^\{"__type":"\w+","code":"\w+","message":"sallyport: [^"]+/,
  cbor: /^\xa2\x66__type/,
};

const shapeOf = (request: ToSend, signingName: string): string => {
  const header = (name: string): string => request.headers.find(([other]) => other === name)?.[1] ?? '';
  if (header('smithy-protocol') !== '') return 'cbor';
  if (header('x-amz-target') !== '') return 'json';
  if (/^s3/.test(signingName)) return 's3';
  if (signingName === 'ec2') return 'ec2';
  return header('content-type').startsWith('application/x-www-form-urlencoded') ? 'form' : 'rest-json';
};

/** The client is told no in the words of the service that it asked. */
export function notNative({ status, body }: Answer, request: ToSend, signingName: string): string[] {
  const shape = shapeOf(request, signingName);
  const text = body.toString('latin1');
  return [
    ...(status >= 400 && status < 500 ? [] : [`its status is ${status}`]),
    ...(shapes[shape]!.test(text) ? [] : [`no error of ${shape}: ${text.slice(0, 200)}`]),
  ];
}

export const reached = (world: World): string[] =>
  world.arrived().map(({ method, url, body }) => `it reached AWS: ${method} ${url} ${body.toString().slice(0, 60)}`);

const recordedAs = (world: World): string[] =>
  world.gateway.events.filter(({ operation }) => operation?.action === 'aws.call').map(({ event }) => event);

export async function denied(world: World, one: AwsCase): Promise<string[]> {
  const scope = scopeOf(one);
  const request = signedBy(world.gateway, requestFor(one), scope);
  world.answer = answerTo(one.id, kindOf(one));
  const answer = await play(world, request);
  const recorded = recordedAs(world);
  return [
    ...notNative(answer, request, scope.signingName),
    ...reached(world),
    ...(recorded.join() === 'operation.deny' ? [] : [`on record is: ${recorded.join()}`]),
    ...leaksOf(world, answer),
    ...(await unusable(world)),
  ];
}

/** Of the connection to the one who asked. */
const ofConnection = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding']);
const comparable = ({ status, headers, body }: Answer): string =>
  JSON.stringify([status, headers.filter(([name]) => !ofConnection.has(name)), body.toString('base64')]);

export async function allowed(world: World, one: AwsCase): Promise<string[]> {
  const request = requestFor(one);
  world.answer = answerTo(one.id, kindOf(one));
  const { bucket } = addressingOf(one);
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`;
  const direct = await sendDirectly(world.upstream.url, request, path);
  const answer = await play(world, signedBy(world.gateway, request, scopeOf(one)));
  const isSame = comparable(answer) === comparable(direct);
  const [call] = world.upstream.seen;
  return [
    ...(isSame ? [] : [`not what AWS says itself: ${answer.status} ${answer.body.toString().slice(0, 200)}`]),
    ...(call?.url.split('?')[0] === path ? [] : [`it asked for ${call?.url} instead of ${path}`]),
    ...(recordedAs(world).join() === 'operation.allow' ? [] : [`on record is: ${recordedAs(world).join()}`]),
    ...leaksOf(world, answer),
  ];
}

/** Nothing is sent until a reviewer has approved exactly this, and then once. */
export async function reviewed(world: World, one: AwsCase): Promise<string[]> {
  const scope = scopeOf(one);
  const request = requestFor(one);
  world.answer = answerTo(one.id, kindOf(one));
  world.reviewer = async () => 'reject';
  const refused = signedBy(world.gateway, request, scope);
  const answer = await play(world, refused);
  const [first] = world.asked;
  const problems = [...notNative(answer, refused, scope.signingName), ...reached(world), ...(await unusable(world))];
  let early: string[] = [];
  world.reviewer = async () => {
    await moment();
    early = reached(world);
    return 'approve';
  };
  const approved = await play(world, signedBy(world.gateway, request, scope, { now: new Date(Date.now() + 1_000) }));
  const [second] = world.asked;
  return [
    ...problems,
    ...early,
    ...(first !== undefined && first.digest === second?.digest ? [] : ['the same call is another operation']),
    ...(world.arrived().length === 1 ? [] : [`it arrived ${world.arrived().length} times`]),
    ...(approved.status === 200 ? [] : [`once approved it says ${approved.status} ${approved.body.toString()}`]),
    ...leaksOf(world, approved),
    ...(await unusable(world)),
  ];
}

/** The second gate alone: whatever the policy lets through, no secret comes back. */
export async function hidden(world: World, one: AwsCase): Promise<string[]> {
  const request = signedBy(world.gateway, requestFor(one), scopeOf(one));
  world.answer = answerTo(one.id, kindOf(one));
  const answer = await play(world, request);
  return [
    ...(world.arrived().length === 1 ? [] : [`it arrived ${world.arrived().length} times: ${answer.body.toString()}`]),
    ...leaksOf(world, answer),
    ...(await unusable(world)),
  ];
}

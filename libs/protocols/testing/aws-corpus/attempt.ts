/** A case that is refused before, or while, it is decided; and the requests that such cases are made of. */
import type { SignedScope } from '@sallyport/aws';
import { type AwsCase, awsCases, scopeOf } from '../../aws/corpus-cases.fixture.js';
import { answerTo } from './answers.js';
import { type Answer, type SigningOptions, signedBy, type ToSend } from './client.js';
import { kindOf, notNative, play, reached, requestFor, unusable } from './verdict.js';
import { leaksOf, type World } from './world.js';

export type Wire = (world: World) => Promise<string[]>;

/** Of a body that is larger than what is read before it is decided. */
export const streamedBytes = 600_000;

export const caseOf = (id: string): AwsCase => awsCases.find((one) => one.id === id)!;

export const withHeader = (request: ToSend, name: string, value: string): ToSend => ({
  ...request,
  headers: [...request.headers.filter(([other]) => other !== name), [name, value]],
});

export interface Refusal {
  readonly answer: Answer;
  readonly request: ToSend;
  readonly scope: SignedScope;
  readonly says: RegExp;
  /** What is on record of it; nothing where it was refused before it was described. */
  readonly recorded?: string;
}

const callsOf = (world: World): string =>
  world.gateway.events
    .filter(({ operation }) => operation?.action === 'aws.call')
    .map(({ event }) => event)
    .join();

/** In the words of the service, with nothing at AWS, and the next call works. */
export async function refusedAs(world: World, refusal: Refusal): Promise<string[]> {
  const { answer, request, scope, says, recorded = '' } = refusal;
  const text = answer.body.toString('latin1');
  return [
    ...notNative(answer, request, scope.signingName),
    ...(says.test(text) ? [] : [`it says: ${text.slice(0, 300)}`]),
    ...reached(world),
    ...(callsOf(world) === recorded ? [] : [`on record is: ${callsOf(world)}`]),
    ...leaksOf(world, answer),
    ...(await unusable(world)),
  ];
}

export interface Attempt extends SigningOptions {
  readonly says: RegExp;
  readonly scope?: SignedScope;
  /** Before it is signed. */
  readonly change?: (request: ToSend) => ToSend;
  /** After it was signed. */
  readonly tamper?: (request: ToSend) => ToSend;
  readonly send?: (request: ToSend) => Promise<Answer>;
  readonly recorded?: string;
}

const same = (request: ToSend): ToSend => request;

export async function attempted(world: World, id: string, attempt: Attempt): Promise<string[]> {
  const one = caseOf(id);
  const { says, scope = scopeOf(one), change = same, tamper = same, recorded, send, ...options } = attempt;
  const request = tamper(signedBy(world.gateway, change(requestFor(one)), scope, options));
  world.answer = answerTo(id, kindOf(one));
  if (send !== undefined) world.forget();
  const answer = await (send === undefined ? play(world, request) : send(request));
  return refusedAs(world, { answer, request, scope, says, ...(recorded === undefined ? {} : { recorded }) });
}

export const dynamoDb: SignedScope = { region: 'us-east-1', signingName: 'dynamodb' };

export const onTable = (operation: string, more: object, table = 'orders'): ToSend => ({
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['host', 'dynamodb.us-east-1.amazonaws.com'],
    ['x-amz-target', `DynamoDB_20120810.${operation}`],
    ['content-type', 'application/x-amz-json-1.0'],
  ],
  body: Buffer.from(JSON.stringify({ TableName: table, ...more })),
});

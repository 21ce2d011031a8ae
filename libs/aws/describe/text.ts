/** One line for people: `dynamodb:DeleteTable orders in eu-west-1 (…)`, with secrets hidden. */
import { redactLiterals } from '@sallyport/sql';
import type { Call } from './call.js';
import { isNode } from './members.js';
import { sqlMember } from './sql/texts.js';

export const mostText = 2_000;
const mostValue = 400;
const mostMembers = 40;
const mostElements = 10;
const deepest = 8;
const hidden = '[hidden]';

/** Said of a member by its name, whatever the models say of it. */
const secretName =
  /(password|passwd|passphrase|secret(?!arn|id\b|name|string_?key)|token(?!ization)|private_?key|credential|api_?key|auth_?code|plaintext|ciphertext|connection_?string|sse_?customer_?key|external_?id|otp|pin\b)/i;
const notSecret =
  /^(next|continuation|pagination|page|client|clientrequest|idempotency)_?token$|^secret(id|arn|name)$|marker|token(type|ttl|validity)/i;

/** Marked as sensitive by the models, and still what a reviewer must see to judge: secrets in it are found by detectors. */
const shownAnyway: Readonly<Record<string, readonly string[]>> = {
  ssm: ['Parameters'],
  ec2: ['UserData'],
  autoscaling: ['UserData'],
  stepfunctions: ['input', 'definition'],
  'rds-data': ['sql'],
  athena: ['QueryString', 'QueryStatement'],
  'timestream-query': ['QueryString'],
  events: ['Sql', 'Sqls'],
  iam: ['PolicyDocument'],
};

const kinds =
  /^(table|function|secret|key|user|role|group|policy|instance|topic|stack|cluster|db|parameter|log-group|image|volume|security-group)[:/]/;

/** `arn:aws:dynamodb:eu-west-1:1:table/orders` is `orders` beside the service's own name; undefined where it names all. */
const shortName = (arn: string): string | undefined => {
  const resource = arn.split(':').slice(5).join(':');
  const name = resource.replace(/[:/]\*$/, '').replace(/-\?{6}$/, '');
  if (name === '' || name === '*' || (name !== resource && !/[:/]/.test(name))) return undefined;
  return name.replace(kinds, '');
};

const subjectOf = (resources: readonly string[]): string => {
  const named = resources.flatMap((arn) => shortName(arn) ?? []);
  const shown = named.slice(0, 5).join(', ');
  return named.length > 5 ? `${shown} and ${named.length - 5} more` : shown;
};

/** Control, direction and zero-width characters would let a text look like another one. */
const printable = (text: string): string =>
  text
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(
      /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

const shortened = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length - limit} more)`;

interface Shown {
  readonly sensitive: ReadonlySet<string>;
  readonly call: Call;
}

const isHidden = (name: string, { sensitive, call }: Shown): boolean => {
  if (shownAnyway[call.service]?.includes(name)) return false;
  return sensitive.has(name) || (secretName.test(name) && !notSecret.test(name));
};

/** User data travels in base64, and a reviewer must read it. */
const decoded = (name: string, text: string): string => {
  if (!/^userdata$/i.test(name) || !/^[A-Za-z0-9+/=\s]+$/.test(text)) return text;
  return Buffer.from(text, 'base64').toString('utf8');
};

const valueText = (name: string, value: unknown, shown: Shown, depth: number): string => {
  if (isHidden(name, shown)) return hidden;
  if (typeof value === 'string') return textOf(name, value, shown.call);
  if (depth > deepest) return '…';
  const list = listOf(value);
  if (list !== undefined) return listText(name, list, shown, depth);
  if (isNode(value)) return `{${membersText(value, shown, depth + 1)}}`;
  return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : String(value);
};

/** Lists as every protocol writes them: arrays, `InstanceId.1`, `Values.member.1`. */
const listOf = (value: unknown): readonly unknown[] | undefined => {
  if (Array.isArray(value)) return value as unknown[];
  if (!isNode(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > 0 && entries.every(([key]) => /^\d+$/.test(key))) return entries.map(([, each]) => each);
  return entries.length === 1 && entries[0]![0] === 'member' ? listOf(entries[0]![1]) : undefined;
};

const listText = (name: string, list: readonly unknown[], shown: Shown, depth: number): string => {
  const texts = list.slice(0, mostElements).map((each) => valueText(name, each, shown, depth + 1));
  return `[${[...texts, ...(list.length > mostElements ? [`${list.length - mostElements} more`] : [])].join(', ')}]`;
};

const textOf = (name: string, text: string, call: Call): string => {
  const { hide } = call.context;
  const plain = decoded(name, text);
  const isSql = sqlMember(call.service, call.operation)?.path.replace(/\[\]$/, '').endsWith(name) === true;
  if (isSql) return shortened(printable(redactLiterals(plain, hide)), mostValue);
  const shown = printable(plain);
  // The whole line is searched in the end; what is cut or written otherwise by then has to be searched before.
  if (shown === plain && plain.length <= mostValue) return plain;
  return shortened(printable(hide(plain) ?? plain), mostValue);
};

const membersText = (input: Readonly<Record<string, unknown>>, shown: Shown, depth: number): string => {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const texts = entries
    .slice(0, mostMembers)
    .map(([name, value]) => `${printable(shortened(name, 80))}=${valueText(name, value, shown, depth)}`);
  return [...texts, ...(entries.length > mostMembers ? [`${entries.length - mostMembers} more`] : [])].join(', ');
};

export const callText = (call: Call, resources: readonly string[]): string => {
  const subject = printable(subjectOf(resources));
  const region = call.context.region === '' ? '' : ` in ${call.context.region}`;
  const head = `${call.service}:${call.operation}${subject === '' ? '' : ` ${subject}`}${region}`;
  const members = membersText(withoutAction(call.input), { sensitive: new Set(call.data?.s ?? []), call }, 0);
  const line = members === '' ? head : `${head} (${members})`;
  return shortened(call.context.hide(line) ?? line, mostText - 30);
};

const withoutAction = ({
  Action: _action,
  Version: _version,
  ...rest
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => rest;

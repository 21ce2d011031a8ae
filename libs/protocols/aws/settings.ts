/** What a target of type aws may say in the agent's configuration file. */
import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import { type BinaryRule, binaryRules } from './masking/types.js';
import { type Endpoint, parseEndpoints } from './target/endpoint-settings.js';
import { Fields } from './target/setting-fields.js';

export interface AwsSettings {
  /** Regions that calls may go to; undefined where every one may. */
  readonly regions: ReadonlySet<string> | undefined;
  /** Of the agent's own calls to STS, and what a client is told that has no other. */
  readonly region: string;
  /** Accounts that calls may run in; empty where it is not restricted. */
  readonly accounts: ReadonlySet<string>;
  /** Roles that calls are scoped by; where there are some, no call runs under the agent's own credential. */
  readonly roles: readonly string[];
  readonly fips: boolean;
  readonly dualstack: boolean;
  /** By the catalogue's name of a service, or `default`: where its calls go instead of to AWS. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** In PEM, trusted beside the authorities that Node knows. */
  readonly ca?: string;
  /** What becomes of object bodies that are no text. */
  readonly binary: BinaryRule;
  /** Bytes of a request's body that may be held to be signed or understood. */
  readonly maxBody: number;
  /** Sockets to AWS at once. */
  readonly connections: number;
  readonly deadlines: Deadlines;
}

/** In milliseconds. */
export interface Deadlines {
  readonly connect: number;
  /** From the whole request to the head of its answer: Lambda takes up to 15 minutes. */
  readonly answer: number;
  /** Between two pieces of a body, either way. */
  readonly idle: number;
  readonly total: number;
}

const megabyte = 1024 * 1024;
const usual = { maxBody: 72 * megabyte, connections: 64, connect: 10, answer: 910, idle: 300, total: 21_600 };
const regionShape = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;
const accountShape = /^\d{12}$/;
const roleShape = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;
const known = new Set(
  [
    'regions region accounts roles fips dualstack endpoints allow_plain_http tls binary max_body connections deadlines',
  ].flatMap((names) => names.split(' ')),
);

/** Fields of a target that this protocol reads from the agent's file; the rest are every target's. */
export const awsSettingNames: readonly string[] = [...known];

/** @throws GatewayError INVALID_INPUT naming every mistake */
export function parseAwsSettings(settings: Readonly<Record<string, unknown>>): AwsSettings {
  const mistakes: string[] = [];
  const fields = new Fields('', settings, mistakes);
  fields.only(known);
  const regions = readRegions(fields);
  const parsed: AwsSettings = {
    regions: regions === '*' ? undefined : new Set(regions),
    region: readRegion(fields, regions),
    accounts: new Set(fields.texts('accounts', accountShape, 'account ids: twelve digits, in quotes')),
    roles: fields.texts('roles', roleShape, 'ARNs of roles'),
    fips: fields.flag('fips'),
    dualstack: fields.flag('dualstack'),
    endpoints: parseEndpoints(fields, { plainAnywhere: fields.flag('allow_plain_http') }),
    ...readTls(fields),
    binary: fields.oneOf('binary', binaryRules, 'scan'),
    maxBody: fields.number('max_body', { otherwise: usual.maxBody, least: 64 * 1024, most: 256 * megabyte }),
    connections: fields.number('connections', { otherwise: usual.connections, least: 1, most: 1_000 }),
    deadlines: readDeadlines(fields),
  };
  if (mistakes.length > 0) throw new GatewayError('INVALID_INPUT', mistakes.join('; '), { details: { mistakes } });
  return parsed;
}

/** Everywhere must be said: a list that was forgotten is not meant to be. */
function readRegions(fields: Fields): readonly string[] | '*' {
  const raw = fields.raw('regions');
  if (raw === '*' || (Array.isArray(raw) && raw.length === 1 && raw[0] === '*')) return '*';
  const regions = fields.texts('regions', regionShape, 'regions');
  if (regions.length === 0) fields.mistake('regions', 'must list the regions that calls may go to, or be "*"');
  return regions;
}

function readRegion(fields: Fields, regions: readonly string[] | '*'): string {
  const region = fields.text('region', regionShape, 'a region');
  if (regions === '*') return region ?? 'us-east-1';
  if (region !== undefined && regions.length > 0 && !regions.includes(region))
    fields.mistake('region', 'must be one of "regions"');
  return region ?? regions[0] ?? '';
}

function readTls(fields: Fields): { readonly ca?: string } {
  const tls = fields.section('tls');
  tls?.only(new Set(['ca_file']));
  const path = tls?.text('ca_file');
  if (path === undefined) return {};
  try {
    return { ca: readFileSync(path, 'utf8') };
  } catch (error) {
    fields.mistake('tls.ca_file', `"${path}": ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
    return {};
  }
}

function readDeadlines(fields: Fields): Deadlines {
  const section = fields.section('deadlines') ?? new Fields('deadlines', {}, []);
  section.only(new Set(['connect', 'answer', 'idle', 'total']));
  const milliseconds = (name: keyof Deadlines) =>
    1_000 * section.number(name, { otherwise: usual[name], least: 1, most: 86_400 });
  return {
    connect: milliseconds('connect'),
    answer: milliseconds('answer'),
    idle: milliseconds('idle'),
    total: milliseconds('total'),
  };
}

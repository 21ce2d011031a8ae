/** What a target of type aws may say in the agent's configuration file. */
import { GatewayError } from '@sallyport/core';
import { type Deadlines, type Endpoint, SettingFields as Fields, readDeadlines, readTls } from '@sallyport/http';
import { type BinaryRule, binaryRules } from './masking/types.js';
import { parseEndpoints } from './target/endpoint-settings.js';

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
    deadlines: readDeadlines(fields, usual),
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

/** What a target that is the API of a model may say in the agent's configuration file. */
import { GatewayError } from '@sallyport/core';
import {
  type Deadlines,
  type Endpoint,
  isNear,
  parseEndpoint,
  readDeadlines,
  readTls,
  SettingFields,
} from '@sallyport/http';

export interface ModelSettings {
  readonly endpoint: Endpoint;
  /** Before the API's own paths: empty, or as `/anthropic` of a provider that has several. */
  readonly basePath: string;
  /** How the key is shown. */
  readonly auth: ModelAuth;
  /** In PEM, trusted beside the authorities that Node knows. */
  readonly ca?: string;
  /** Bytes of a request's body. */
  readonly maxBody: number;
  /** Sockets to the API at once: each streamed answer takes one. */
  readonly connections: number;
  readonly deadlines: Deadlines;
}

export const modelAuths = ['x-api-key', 'bearer'] as const;
export type ModelAuth = (typeof modelAuths)[number];

/** Where the API is, unless the agent's file says otherwise. */
export interface ModelHome {
  /** `https://api.anthropic.com` */
  readonly endpoint: string;
  readonly auth: ModelAuth;
}

export const modelSettingNames = [
  'endpoint',
  'auth',
  'tls',
  'max_body',
  'connections',
  'deadlines',
  'allow_plain_http',
] as const;

const megabyte = 1024 * 1024;
/** In seconds: an answer that thinks may take minutes to begin, and is kept alive by pings once it has. */
const usual = { connect: 10, answer: 600, idle: 300, total: 3_600 };
const basePathShape = /^(\/[A-Za-z0-9._~-]+)*\/?$/;

/** @throws GatewayError INVALID_INPUT that names every mistake */
export function parseModelSettings(settings: Readonly<Record<string, unknown>>, home: ModelHome): ModelSettings {
  const mistakes: string[] = [];
  const fields = new SettingFields('', settings, mistakes);
  fields.only(new Set(modelSettingNames));
  const parsed: ModelSettings = {
    ...readEndpoint(fields, home),
    auth: fields.oneOf('auth', modelAuths, home.auth),
    ...readTls(fields),
    maxBody: fields.number('max_body', { otherwise: 32 * megabyte, least: 64 * 1024, most: 64 * megabyte }),
    connections: fields.number('connections', { otherwise: 512, least: 1, most: 10_000 }),
    deadlines: readDeadlines(fields, usual),
  };
  if (mistakes.length > 0) throw new GatewayError('INVALID_INPUT', mistakes.join('; '), { details: { mistakes } });
  return parsed;
}

function readEndpoint(fields: SettingFields, home: ModelHome): Pick<ModelSettings, 'endpoint' | 'basePath'> {
  const text = fields.text('endpoint') ?? home.endpoint;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const basePath = url?.pathname ?? '';
  const parsed =
    url === undefined
      ? 'must be an http or https URL'
      : parseEndpoint(`${text.slice(0, text.indexOf(url.host) + url.host.length)}`);
  if (typeof parsed === 'string') fields.mistake('endpoint', parsed);
  else if (!basePathShape.test(basePath) || url?.search !== '' || url.hash !== '')
    fields.mistake('endpoint', 'must be scheme, host, port and a plain path only');
  else if (!parsed.tls && !fields.flag('allow_plain_http') && !isNear(parsed.host))
    fields.mistake(
      'endpoint',
      'must be https: plain http only to a private address, unless "allow_plain_http" is true',
    );
  else return { endpoint: parsed, basePath: basePath.replace(/\/$/, '') };
  return { endpoint: { tls: true, host: '', port: 443 }, basePath: '' };
}

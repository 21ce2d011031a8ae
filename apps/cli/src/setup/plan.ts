import type { Wanted } from './change.js';
import { type ClaudeFacts, claudeSettings, managedSettings, mergedSettings } from './claude-settings.js';
import { type CodexFacts, codexConfig, codexHooks, codexRequirements } from './codex-config.js';
import type { Disk } from './disk.js';
import type { ModelGateway } from './gateway.js';
import { isObject, jsonText, readJson } from './json-file.js';
import { launchers } from './launchers.js';
import { type ClientName, type Places, pathsOf, type Scope } from './places.js';

export interface PlanOptions {
  readonly strict: boolean;
  readonly carry: boolean;
  readonly force: boolean;
}

interface Machine {
  readonly program: readonly string[];
  readonly platform: string;
  /** Certificates that Node was told to trust before: one file is all it takes. */
  readonly trusted: string;
}

const onePlus = (ca: string, trusted: string): string => {
  if (!trusted.trim()) return ca;
  return trusted.includes(ca) ? trusted : `${trusted.trimEnd()}\n${ca}`;
};

/** What a person's settings had Claude Code trust, in the place of which ours is written. */
const trustedIn = (settings: string, disk: Disk): string => {
  const { env } = readJson(settings, disk.read(settings)).value;
  const file = isObject(env) ? env['NODE_EXTRA_CA_CERTS'] : undefined;
  return (typeof file === 'string' && disk.read(file)?.toString()) || '';
};

/** Every file of a set-up as it is to be. No secret is in any of them. */
export const planOf = (
  { client, scope, places, url }: { client: ClientName; scope: Scope; places: Places; url: string },
  { baseUrl, ca, connection }: ModelGateway,
  options: PlanOptions,
  { disk, program, platform, trusted }: Machine & { readonly disk: Disk },
): Wanted[] => {
  const paths = pathsOf(platform);
  const { files, sallyport, sallyportExec } = launchers(paths.join(places.own, 'bin'), program, platform);
  const before = client === 'claude-code' && scope !== 'managed' ? trustedIn(places.settings, disk) : '';
  const all = [before, trusted].reduce((known, more) => onePlus(more, known), '');
  const trust: Wanted = { path: paths.join(places.own, 'gateway-ca.pem'), text: onePlus(ca, all), mode: 0o644 };
  const facts = { url, baseUrl, connection, ca: trust.path, sallyport, sallyportExec, ...options };
  const settings =
    client === 'codex' ? codexFiles(places, scope, facts, disk) : [claudeFile(places, scope, facts, disk)];
  return [...files, trust, ...settings];
};

const claudeFile = (
  places: Places,
  scope: Scope,
  facts: ClaudeFacts & { readonly force: boolean },
  disk: Disk,
): Wanted => {
  const file = places.settings;
  if (scope === 'managed')
    return { path: file, text: jsonText({ value: managedSettings(facts), indent: 2, end: '\n' }), mode: 0o644 };
  const merged = mergedSettings(file, readJson(file, disk.read(file)), claudeSettings(facts), facts.force);
  return { path: file, text: jsonText(merged), mode: 0o600 };
};

const codexFiles = (
  { settings, hooks = '' }: Places,
  scope: Scope,
  told: Omit<CodexFacts, 'isManaged'>,
  disk: Disk,
): Wanted[] => {
  const facts = { ...told, isManaged: scope === 'managed' };
  const mode = scope === 'managed' ? 0o644 : 0o600;
  const withHooks = scope === 'managed' ? codexRequirements : codexHooks;
  return [
    { path: settings, text: codexConfig(settings, disk.read(settings), facts), mode },
    { path: hooks, text: withHooks(hooks, disk.read(hooks), facts), mode },
  ];
};

import { type MaskingRule, type ProtocolName, protocolNames } from '@sallyport/core';
import { compileMasking, parseRules } from '@sallyport/masking';
import { awsSettingNames, modelSettingNames } from '@sallyport/protocols';
import { type CredentialConfig, readCredential } from './credential-config.js';
import type { Section } from './mistakes.js';

export interface TargetConfig {
  readonly alias: string;
  readonly protocol: ProtocolName;
  /** Empty where the target is no host: AWS. */
  readonly host: string;
  readonly port: number;
  readonly databases: readonly string[];
  /** What the protocol itself reads, as it stands in the file: `databases`, `tls`, `withheld_columns`; `regions` … of AWS. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credential: CredentialConfig;
  readonly masking: readonly MaskingRule[];
}

const aliasShape = /^[a-z][a-z0-9-]{0,62}$/; // what a connection's target may be called
const usualPorts: Partial<Record<ProtocolName, number>> = { postgres: 5432, mysql: 3306, ssh: 22 };

export function readTarget(section: Section): TargetConfig {
  const alias = section.text('alias');
  if (alias !== '' && !aliasShape.test(alias))
    section.mistake('alias', 'must be 1 to 63 lower-case letters, digits or hyphens, starting with a letter');
  const protocol = section.oneOf('protocol', protocolNames);
  const target = {
    alias,
    protocol,
    ...(placesBySettings[protocol] ?? readHost)(section, protocol),
    credential: readCredential(section.section('credential'), protocol),
    masking: readMasking(section),
  };
  section.end();
  return target;
}

type Place = Pick<TargetConfig, 'host' | 'port' | 'databases' | 'settings'>;

function readHost(section: Section, protocol: ProtocolName): Place {
  const databases = section.texts('databases');
  return {
    host: section.text('host'),
    port: section.port('port', usualPorts[protocol] ?? 443),
    databases,
    settings: { databases, tls: section.raw('tls'), withheld_columns: section.texts('withheld_columns') },
  };
}

const bySettings =
  (names: readonly string[]) =>
  (section: Section): Place => ({
    host: '',
    port: 443,
    databases: [],
    settings: Object.fromEntries(names.filter((name) => section.has(name)).map((name) => [name, section.raw(name)])),
  });

/** Where a call goes is settled by the protocol: of AWS call by call, of a model's API by its endpoint. */
const placesBySettings: Partial<Record<ProtocolName, (section: Section, protocol: ProtocolName) => Place>> = {
  aws: bySettings(awsSettingNames),
  anthropic: bySettings(modelSettingNames),
  openai: bySettings(modelSettingNames),
};

/** A minimum that does not compile must stop the agent, not its masking. */
function readMasking(section: Section): MaskingRule[] {
  if (!section.has('masking')) return [];
  const masking = section.section('masking');
  try {
    const rules = parseRules(masking.raw('rules') ?? []);
    compileMasking(rules, { key: new Uint8Array(32) });
    return rules;
  } catch (error) {
    masking.mistake('rules', `cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  } finally {
    masking.end();
  }
}

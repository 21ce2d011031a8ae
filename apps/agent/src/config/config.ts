import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import { splitAddress } from '@sallyport/tunnel';
import { parse, YAMLParseError } from 'yaml';
import { Section } from './mistakes.js';
import { readTarget, type TargetConfig } from './target-config.js';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export interface AgentConfig {
  readonly controlPlane: {
    readonly address: string;
    readonly enrolmentAddress: string | undefined;
    /** What the control plane's certificate must name, where it is not the address's host. */
    readonly serverName: string | undefined;
    /** The authority must be this one, whatever the enrolment key says. */
    readonly caFile: string | undefined;
  };
  readonly stateDir: string;
  readonly enrolmentKeyFile: string | undefined;
  readonly healthAddress: string;
  readonly logLevel: (typeof logLevels)[number];
  /** Shared by agents of the same targets, so that the `hash` action gives the same on each. */
  readonly maskingKeyFile: string | undefined;
  /** Log keys (C2SP vkey) that the witness accepts besides the one learnt at enrolment: after an explicit restore. */
  readonly logKeys: readonly string[];
  readonly targets: readonly TargetConfig[];
}

/** @throws INVALID_INPUT that names every mistake */
export function readConfig(path: string): AgentConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `the configuration file "${path}" cannot be read`, { cause });
  }
  return parseConfig(text);
}

/** @throws INVALID_INPUT that names every mistake */
export function parseConfig(text: string): AgentConfig {
  const mistakes: string[] = [];
  const config = readDocument(new Section('', parseYaml(text), mistakes));
  if (mistakes.length === 0) return config;
  const title = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
  throw new GatewayError('INVALID_INPUT', `the configuration has ${title}: ${mistakes.join('; ')}`, {
    details: { mistakes },
  });
}

function parseYaml(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    // The message quotes the file, which might hold what it should not: the place is enough.
    const line = error.linePos?.[0].line;
    throw new GatewayError(
      'INVALID_INPUT',
      `the configuration is not YAML${line === undefined ? '' : `, see line ${line}`}`,
    );
  }
}

function readDocument(file: Section): AgentConfig {
  const config = {
    controlPlane: readControlPlane(file.section('control_plane')),
    stateDir: file.text('state_dir'),
    enrolmentKeyFile: file.optionalText('enrolment_key_file'),
    healthAddress: file.optionalText('health_address') ?? '127.0.0.1:7410',
    logLevel: file.oneOf('log_level', logLevels, 'info'),
    maskingKeyFile: file.optionalText('masking_key_file'),
    logKeys: file.texts('log_keys'),
    targets: file.sections('targets').map(readTarget),
  };
  checkAddress(file, 'health_address', config.healthAddress);
  for (const alias of repeated(config.targets.map((target) => target.alias)))
    file.mistake('targets', `has the alias "${alias}" twice`);
  file.end();
  return config;
}

function readControlPlane(section: Section): AgentConfig['controlPlane'] {
  const controlPlane = {
    address: section.text('address'),
    enrolmentAddress: section.optionalText('enrolment_address'),
    serverName: section.optionalText('server_name'),
    caFile: section.optionalText('ca_file'),
  };
  checkAddress(section, 'address', controlPlane.address);
  checkAddress(section, 'enrolment_address', controlPlane.enrolmentAddress);
  section.end();
  return controlPlane;
}

function checkAddress(section: Section, name: string, address: string | undefined): void {
  if (address === undefined || address === '') return;
  try {
    splitAddress(address);
  } catch {
    section.mistake(name, 'must be host:port');
  }
}

const repeated = (names: readonly string[]): Set<string> =>
  new Set(names.filter((name, index) => names.indexOf(name) !== index));

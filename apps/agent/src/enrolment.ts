import { readFileSync } from 'node:fs';
import { GatewayError } from '@sallyport/core';
import { type AgentIdentity, enrol, fingerprint, parseEnrolmentKey } from '@sallyport/tunnel';
import type { AgentConfig } from './config/config.js';
import type { TakenVariables } from './credentials/environment.js';
import type { Log } from './log.js';
import type { IdentityStore } from './state/identity-store.js';
import { version } from './version.js';
import type { Witness } from './witness.js';

export interface EnrolmentContext {
  readonly config: AgentConfig;
  readonly keyFile: string | undefined;
  readonly variables: TakenVariables;
  readonly store: IdentityStore;
  readonly witness: Witness;
  readonly log: Log;
  /** Shows the witness key to whoever enrols the agent. */
  readonly print: (line: string) => void;
}

const keyVariable = 'SALLYPORT_ENROLMENT_KEY';

/** The identity from an earlier enrolment, or from one now. */
export async function identityOf(context: EnrolmentContext): Promise<AgentIdentity> {
  const { config, store, variables, keyFile } = context;
  const fromVariable = variables.take(keyVariable); // out of the environment even when it is not needed
  const kept = store.load();
  const identity = kept ?? (await enrolNow(context, keyOf(keyFile ?? config.enrolmentKeyFile, fromVariable)));
  checkAuthority(identity.ca, config.controlPlane.caFile);
  return identity;
}

function keyOf(file: string | undefined, variable: string | undefined): string {
  if (file !== undefined) return readKeyFile(file);
  if (variable !== undefined) return variable;
  throw new GatewayError('INVALID_INPUT', 'this agent is not enrolled and has no enrolment key', {
    hint: `make one with "sallyport agents enrol", then give it by --enrol-key-file, enrolment_key_file or ${keyVariable}`,
  });
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `the enrolment key file "${path}" cannot be read`, { cause });
  }
}

async function enrolNow({ config, store, witness, log, print }: EnrolmentContext, key: string): Promise<AgentIdentity> {
  const { enrolmentAddress, serverName, caFile } = config.controlPlane;
  if (enrolmentAddress === undefined)
    throw new GatewayError(
      'INVALID_INPUT',
      'control_plane.enrolment_address is missing: this agent is not enrolled yet',
    );
  if (caFile !== undefined && fingerprint(readAuthority(caFile)) !== parseEnrolmentKey(key).caFingerprint) {
    throw new GatewayError('UNAUTHENTICATED', 'the enrolment key is of another authority than control_plane.ca_file');
  }
  const { agentId, identity, logKey } = await enrol({
    address: enrolmentAddress,
    serverName,
    key,
    witnessKey: witness.key,
    version,
  });
  // The pin first: with the identity but without the pin the agent would never witness.
  if (logKey !== '') witness.pin(logKey);
  store.save(identity);
  log('agent.enrolled', { agent: agentId, authority: fingerprint(identity.ca), witness: witness.key });
  print(`enrolled as agent ${agentId}`);
  print(`witness key, for auditors to pin: ${witness.key}`);
  return identity;
}

function checkAuthority(ca: string, caFile: string | undefined): void {
  if (caFile === undefined || fingerprint(readAuthority(caFile)) === fingerprint(ca)) return;
  throw new GatewayError(
    'UNAUTHENTICATED',
    'control_plane.ca_file is another authority than the one that this agent was enrolled with',
  );
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `control_plane.ca_file "${path}" cannot be read`, { cause });
  }
}

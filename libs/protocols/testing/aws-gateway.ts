/** Both halves of the AWS protocol and the real engine in one process, before a real upstream: no tunnel, no database. */
import { createHmac } from 'node:crypto';
import { deriveKeyPair, keyPairPurpose } from '@sallyport/aws';
import type { MaskingRule, ModelUsage } from '@sallyport/core';
import type { Lobby, ModelEstimate, ModelWitness } from '@sallyport/engine';
import { createAwsClientSide } from '../aws/client-side.js';
import { createAwsTargetSide } from '../aws/target-side.js';
import { type HouseOptions, inProcess } from './in-process.js';

export interface AwsGatewayOptions extends HouseOptions {
  /** The target's settings in the agent's file, beside the regions. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The connection's. */
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly minimum?: readonly MaskingRule[];
  readonly publicHost?: string;
  /** How long a client is kept waiting for people. */
  readonly holdMs?: number;
  /** What the store says of a signature; undefined knows none. */
  readonly once?: Lobby['once'];
  /** Throws where a budget is used up. */
  readonly reserve?: (estimate: ModelEstimate) => Promise<void>;
  readonly credential?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const installationKey = Buffer.alloc(32, 9);
export const awsTicket = `spt_${'T'.repeat(43)}`;
const region = 'eu-west-1';

const derive: Lobby['derive'] = (purpose, text) =>
  createHmac('sha256', installationKey).update(`${purpose.length} ${purpose}`).update(text).digest();

export async function awsGateway(options: AwsGatewayOptions) {
  const { publicHost = 'localhost' } = options;
  const [clientSide, targetSide] = await Promise.all([
    createAwsClientSide(options.holdMs === undefined ? {} : { holdMs: options.holdMs }),
    createAwsTargetSide(),
  ]);
  const witnessed: ModelWitness[] = [];
  const settled: (ModelUsage | undefined)[] = [];
  const settings = { regions: '*', region, ...options.settings };
  targetSide.configure(settings);
  const { accessKeyId, secretAccessKey } = options.credential ?? {
    accessKeyId: 'AKIAREALREALREALREAL',
    secretAccessKey: 'real-secret',
  };
  const gateway = await inProcess(
    {
      clientSide,
      targetSide,
      target: {
        alias: 'cloud',
        host: '',
        port: 443,
        settings,
        masking: options.minimum ?? [],
        credential: async () => ({
          user: accessKeyId,
          password: secretAccessKey,
          aws: { accessKeyId, secretAccessKey },
        }),
      },
      connection: { name: 'cloud', version: 1, target: 'cloud', databases: [], settings: options.connection ?? {} },
      admits: ({ ticket }) => ticket === awsTicket,
      session: {
        turn: { aiSession: 'ai-1', turn: 't-1', toolCall: 'c-1' },
        witness: async (seen) => void witnessed.push(seen),
        reserve: async (estimate) => {
          await options.reserve?.(estimate);
          return {
            settle: async (usage) => {
              settled.push(usage);
              return { ...usage, microUsd: 1_000 };
            },
            release: async () => void settled.push(undefined),
          };
        },
      },
      lobby: (certificateFor) => ({
        contextFor: certificateFor,
        answersTo: (name) => /\.amazonaws\.com$/.test(name) || name.endsWith(`.${publicHost}`),
        publicHost,
        derive,
        once: options.once ?? (async () => true),
      }),
    },
    options,
  );
  const pair = deriveKeyPair(derive(keyPairPurpose, ''), awsTicket);
  return {
    ...gateway,
    region,
    endpoint: `https://localhost:${gateway.port}`,
    witnessed,
    /** What reservations ended with: undefined is a release. */
    settled,
    /** What a client signs with. */
    credentials: { ...pair, sessionToken: awsTicket },
  };
}

import {
  Client,
  loadPackageDefinition,
  type MethodDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import type {
  AgentMessage,
  ControlMessage,
  EnrolRequest,
  EnrolResponse,
  Received,
  RefusalMessage,
  SessionClaim,
  SessionReady,
} from './messages.js';
import { tunnelProto } from './tunnel-proto.js';

const definition = fromJSON(JSON.parse(tunnelProto) as Parameters<typeof fromJSON>[0], {
  longs: Number,
  defaults: true,
  arrays: true,
  oneofs: true,
});
const loaded = loadPackageDefinition(definition) as unknown as {
  readonly sallyport: { readonly v1: Readonly<Record<'Tunnel' | 'Enrolment', ServiceClientConstructor>> };
};

const { Tunnel, Enrolment } = loaded.sallyport.v1;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Sessions carry their batches as bytes: `frames.ts` reads and writes them. */
const sessionMethod: MethodDefinition<Buffer, Buffer> = {
  ...Tunnel.service['Session']!,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};

export const linkMethod = Tunnel.service['Link'] as unknown as MethodDefinition<AgentMessage, Received<ControlMessage>>;
export const enrolMethod = Enrolment.service['Enrol'] as unknown as MethodDefinition<EnrolRequest, EnrolResponse>;
export const tunnelService: ServiceDefinition = { ...Tunnel.service, Session: sessionMethod };
export const enrolmentService: ServiceDefinition = Enrolment.service;

/** How one message of the .proto is written and read; reading throws whatever protobufjs throws. */
interface MessageCodec<Message extends object> {
  readonly serialize: (message: Message) => Buffer;
  readonly deserialize: (bytes: Buffer) => Message;
}
const codec = <Message extends object>(name: string): MessageCodec<Message> =>
  definition[`sallyport.v1.${name}`] as unknown as MessageCodec<Message>;

export const sessionReady = codec<SessionReady>('SessionReady');
export const sessionClaim = codec<SessionClaim>('SessionClaim');
export const refusal = codec<RefusalMessage>('Refusal');
export { Client, sessionMethod };

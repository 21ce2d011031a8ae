import { type Catalogue, describeCall, type Identified, partitionOf } from '@sallyport/aws';
import { GatewayError, type Operation } from '@sallyport/core';
import { hideSecrets } from '@sallyport/masking';
import type { Connection } from '../connections/connection.js';

type Described = Pick<Operation, 'action' | 'risk' | 'facts'>;

const shape = /^\s*([a-z0-9-]{1,60})[:\s]([A-Za-z0-9]{1,120})\s*(\{[\s\S]*\})?\s*$/;

/**
 * What the gateway would make of an AWS call, written as `dynamodb:DeleteItem {"TableName": "orders"}`: the service as the AWS
 * CLI calls it, the operation, and its input by the names of the API.
 * @throws GatewayError INVALID_INPUT
 */
export function triedCall(catalogue: Catalogue, statement: string, { settings }: Connection): Described {
  const [, service = '', operation = '', text = '{}'] = shape.exec(statement) ?? [];
  const model = catalogue.operation(service, operation);
  if (model === undefined)
    throw new GatewayError('INVALID_INPUT', 'this names no operation of AWS', {
      hint: 'write for example: dynamodb:DeleteItem {"TableName": "orders"}',
    });
  const region = settings.regions?.[0] ?? 'us-east-1';
  const identified: Identified = {
    identified: true,
    service,
    operation,
    protocol: catalogue.services.get(service)!.protocols[0]!,
    input: inputOf(text),
    candidates: [{ service, operation }],
  };
  const request = { method: model.method, path: '/', query: '', headers: [], body: Buffer.from(text) };
  const { risk, facts } = describeCall(identified, request, {
    partition: partitionOf(catalogue, region) ?? 'aws',
    account: settings.accounts?.length === 1 ? settings.accounts[0] : undefined,
    region,
    bodyStreams: false,
    presigned: false,
    addressing: {},
    hide: hideSecrets,
  });
  return { action: 'aws.call', risk, facts };
}

function inputOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'the input of the call is not JSON', { cause });
  }
}

import { GatewayError, type Operation } from '@sallyport/core';
import { modelOperation, toolOperation } from '@sallyport/model-gateway';
import { type ModelApiName, modelApiNames, modelApis } from '@sallyport/models';
import type { Connection } from '../connections/connection.js';

type Described = Pick<Operation, 'action' | 'risk' | 'facts'>;

const shape = /^\s*(tool\s+)?([A-Za-z0-9_.:-]{1,120})\s*(\{[\s\S]*\})?\s*$/;

/**
 * What the gateway would make of a request to a model, written as `anthropic.messages {"model": …}` with the request's body, or
 * of a tool call of the model's answer, written as `tool Bash {"command": "ls"}`.
 * @throws GatewayError INVALID_INPUT
 */
export function triedModel(statement: string, { protocol }: Pick<Connection, 'protocol'>): Described {
  const [, isTool, name = '', body = '{}'] = shape.exec(statement) ?? [];
  if (isTool !== undefined) return triedTool(name, body, protocol);
  const api = modelApiNames.find((each) => each === name && each.startsWith(`${protocol}.`));
  const describe = api && modelApis.get(api)?.describe.bind(modelApis.get(api));
  if (describe === undefined)
    throw new GatewayError('INVALID_INPUT', `this names no request of "${protocol}"`, { hint: hintFor(protocol) });
  const bytes = Buffer.from(body);
  const { action, risk, facts } = modelOperation({
    surface: { name: protocol, betasOf: () => [], meaningful: [] },
    method: 'POST',
    path: '/',
    query: '',
    headers: [],
    id: '',
    request: describe(bytes),
    body: bytes,
    told: { turn: {}, isInternal: false },
  });
  return { action, risk, facts };
}

function triedTool(name: string, input: string, protocol: Connection['protocol']): Described {
  const api: ModelApiName = protocol === 'anthropic' ? 'anthropic.messages' : 'openai.responses';
  const call = { id: 'tried', name, input, byProvider: false, declared: true };
  const { action, risk, facts } = toolOperation({ api, model: 'tried', call, turn: {} });
  return { action, risk, facts };
}

const hintFor = (protocol: string): string => {
  const names = modelApiNames.filter((name) => name.startsWith(`${protocol}.`)).join(', ');
  return `write one of ${names} and the request’s body, or for example: tool Bash {"command": "ls"}`;
};

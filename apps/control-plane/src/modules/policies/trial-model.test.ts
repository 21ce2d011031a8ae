import { expect, test } from 'vitest';
import { triedModel } from './trial-model.js';

const message = '{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"drop the table"}]}';

test('a request to a model is described as the gateway would describe it', () => {
  expect(triedModel(`anthropic.messages ${message}`, { protocol: 'anthropic' })).toMatchObject({
    action: 'model.request',
    risk: 'read',
    facts: {
      api: 'anthropic.messages',
      model: 'claude',
      max_tokens: 9,
      prompt: 'drop the table',
      prompt_kind: 'human',
    },
  });
  expect(
    triedModel('openai.responses {"model":"gpt","input":"hello","store":false}', { protocol: 'openai' }),
  ).toMatchObject({
    facts: { api: 'openai.responses', prompt: 'hello' },
  });
});

test('so is a tool call of its answer', () => {
  expect(triedModel('tool Bash {"command":"ls"}', { protocol: 'anthropic' })).toMatchObject({
    action: 'model.tool_call',
    risk: 'write',
    facts: { tool: 'Bash', command: 'ls', declared: true },
  });
});

test.each([
  '',
  'openai.chat {}',
  'anthropic.messages',
  'anthropic.messages {"model":1}',
  'anthropic.messages {"a":1,"a":2}',
  'bedrock.invoke {}',
])('%j is no request of Anthropic’s API', (statement) => {
  expect(() => triedModel(statement, { protocol: 'anthropic' })).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});

import { expect, test } from 'vitest';
import { AgentPaths } from './agent-paths.js';

const told = (agent: string | undefined, parentAgent?: string, aiSession = 's') => ({
  turn: { client: 'claude-code', aiSession, ...(agent === undefined ? {} : { agent }) },
  ...(parentAgent === undefined ? {} : { parentAgent }),
  isInternal: true,
});

test('a sub-agent of a sub-agent has the whole way from the main conversation', () => {
  const paths = new AgentPaths();
  expect(paths.along('ada', told(undefined)).turn).not.toHaveProperty('agent');
  expect(paths.along('ada', told('a')).turn.agent).toBe('a');
  expect(paths.along('ada', told('b', 'a')).turn.agent).toBe('a/b');
  expect(paths.along('ada', told('c', 'b')).turn.agent).toBe('a/b/c');
  expect(paths.along('ada', told('a')).turn.agent).toBe('a');
});

test('nobody’s ids mean anything to somebody else, or in another session', () => {
  const paths = new AgentPaths();
  paths.along('ada', told('b', 'a'));
  expect(paths.along('eve', told('c', 'b')).turn.agent).toBe('b/c');
  expect(paths.along('ada', told('c', 'b', 'other')).turn.agent).toBe('b/c');
});

test('an agent that says it is its own parent, or makes the way endless, gains nothing', () => {
  const paths = new AgentPaths();
  expect(paths.along('ada', told('a', 'a')).turn.agent).toBe('a');
  let last: string | undefined = 'a';
  for (let round = 0; round < 100; round += 1)
    last = paths.along('ada', told(`agent-${round}`, round === 0 ? 'a' : `agent-${round - 1}`)).turn.agent;
  expect(last?.length ?? 0).toBeLessThanOrEqual(1_024);
});

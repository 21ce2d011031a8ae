import { expect, test } from 'vitest';
import { assuranceOf } from './assurance-level.js';

const [a, b] = [Buffer.alloc(32, 'a'), Buffer.alloc(32, 'b')];

test.each([
  ['both tell this command', a, a, true, a, 'bound'],
  ['both tell this command, and other inputs beside it', a, a, false, a, 'ticketed'],
  ['the hook alone tells it', a, null, null, a, 'ticketed'],
  ['the model alone tells it', null, a, null, a, 'ticketed'],
  ['the hook alone tells it, twice and otherwise', a, null, false, a, 'ticketed'],
  ['the model tells another one', a, b, false, a, 'inferred'],
  ['the hook tells another one', b, a, false, a, 'inferred'],
  ['both tell another one', b, b, true, a, 'inferred'],
  ['nobody tells a command', null, null, true, a, 'inferred'],
  ['an id was shown, which a witness has told', null, a, null, null, 'ticketed'],
  ['an id was shown, of which both tell the same', a, a, true, null, 'ticketed'],
  ['an id was shown, of which the two tell different things', a, b, false, null, 'inferred'],
] as const)('where %s', (_name, hook, model, agrees, command, level) => {
  expect(assuranceOf({ hook_command_hmac: hook, model_command_hmac: model, agrees }, command)).toBe(level);
});

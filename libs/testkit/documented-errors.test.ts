import { errorCodes } from '@sallyport/core';
import { expect, test } from 'vitest';
import { exitCodes } from '../../apps/cli/src/exit-codes.js';
import { problems } from '../../apps/control-plane/src/platform/http/problems.js';
import { anthropicErrors } from '../protocols/anthropic/refuse.js';
import { awsErrors } from '../protocols/aws/refuse.js';
import { openAiErrors } from '../protocols/openai/refuse.js';
import { sqlStates } from '../protocols/postgres/refuse.js';
import { tableBelow } from './documents.js';

test('docs/errors.md is the matrix of error code by surface', () => {
  const matrix = errorCodes.map((code) => [
    `\`${code}\``,
    `${problems[code].status} ${problems[code].title}`,
    `\`${sqlStates[code]}\``,
    `${awsErrors[code].status} \`${awsErrors[code].code}\``,
    `${anthropicErrors[code].status} \`${anthropicErrors[code].type}\``,
    `${openAiErrors[code].status} \`${openAiErrors[code].type}\``,
    String(exitCodes[code]),
  ]);
  expect(tableBelow('docs/errors.md', 'The matrix')).toEqual(matrix);
});

import type { ModelApi, ModelApiName } from '../types.js';
import { maskAnswer } from './answer.js';
import { readBody } from './body.js';
import { describe } from './describe.js';
import { RequestEdits } from './request-edits.js';

/** The Messages API; counting tokens has the same request, and an answer without texts. */
const messagesApi = (name: ModelApiName): ModelApi => ({
  name,
  describe: (body) => describe(name, body),
  maskRequest: (body, masking) => new RequestEdits(body, masking).masked(readBody(body)),
  maskResponse: maskAnswer,
});

export const anthropicApis: readonly ModelApi[] = [
  messagesApi('anthropic.messages'),
  messagesApi('anthropic.count-tokens'),
];

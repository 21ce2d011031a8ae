/** The Responses API. */
import { parseRequest } from '../json-spans.js';
import type { ModelApi } from '../types.js';
import { type AnswerApi, maskedAnswer } from './answer.js';
import { readResponse } from './answer-facts.js';
import { responsesRequest } from './describe.js';
import { RequestEdits } from './request-edits.js';
import { responseEdits } from './response-items.js';
import { ResponsesStream } from './responses-stream.js';

const answers: AnswerApi = {
  stream: (decisions, facts) => new ResponsesStream(decisions, facts),
  edits: (document, node, { decisions, facts }) => {
    readResponse(facts, document, node);
    return responseEdits(document, node, { decisions, isNew: true });
  },
};

export const openaiResponses: ModelApi = {
  name: 'openai.responses',
  describe: responsesRequest,
  maskRequest: (body, masking) => {
    const edits = new RequestEdits(body, masking);
    return edits.masked(edits.of(parseRequest(body), 'input'));
  },
  maskResponse: (shape, body, masking) => maskedAnswer(answers, { shape, body }, masking),
};

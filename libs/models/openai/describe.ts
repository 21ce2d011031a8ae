/** Reads a request's body for describing: as values, once it is sure that everybody reads the same ones. */
import { parseRequest } from '../json-spans.js';
import type { ModelRequest } from '../types.js';
import { describeChat } from './describe-chat.js';
import { describeResponses } from './describe-responses.js';
import { invalid, isAbsent, isMembers, type Members, memberOf } from './values.js';

/** @throws GatewayError INVALID_INPUT where it is not JSON as RFC 8259 has it, or has a name twice, or is no object */
export const readBody = (body: Uint8Array): Members => {
  parseRequest(body);
  const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  if (!isMembers(value)) throw invalid('the request is not a JSON object');
  return value;
};

/** What decides how the request is treated must be of the type that the API takes, or the two might differ. */
const checked = (body: Members): Members => {
  for (const name of ['stream', 'store', 'background']) {
    const value = memberOf(body, name);
    if (!isAbsent(value) && typeof value !== 'boolean') throw invalid(`"${name}" is neither true nor false`);
  }
  for (const name of ['tools', 'functions']) {
    const value = memberOf(body, name);
    if (!isAbsent(value) && !Array.isArray(value)) throw invalid(`"${name}" is not a list`);
  }
  return body;
};

export const responsesRequest = (body: Uint8Array): ModelRequest =>
  describeResponses(checked(readBody(body)), body.length);

export const chatRequest = (body: Uint8Array): ModelRequest => describeChat(checked(readBody(body)), body.length);

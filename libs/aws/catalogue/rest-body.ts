/** The body of a REST operation: its members, one member that is the whole of it, or nothing. */
import type { AwsRequest } from '../types.js';
import { readable } from './body.js';
import type { Head } from './head.js';
import { parseJsonObject } from './json-input.js';
import type { Match } from './match.js';
import type { Payload } from './model.js';
import { contentType } from './protocol.js';
import { quoted, refuse } from './refuse.js';
import { decodeUtf8, parseStrictJson } from './strict-json.js';
import { parseXmlInput } from './xml-input.js';

type Members = Readonly<Record<string, unknown>>;

/** A body that nobody is to look into: an object, a function's payload, an archive. */
export const isOpaque = (payload: Payload | undefined): boolean =>
  payload !== undefined && (payload.kind === 'blob' || payload.streams);

export const restBody = (match: Match, head: Head, body: AwsRequest['body']): Members => {
  const { operation } = match;
  const { payload } = operation;
  if (isOpaque(payload)) return {};
  if (!payload && !operation.membersInBody) return noBody(match, head, body);
  if (body === undefined) return refuse(`${operation.name} has members in the body, which was not read`);
  const bytes = readable(head, body);
  if (bytes.length === 0) return {};
  if (payload?.kind === 'string') return { [payload.member]: decodeUtf8(bytes) };
  return match.protocol === 'rest-xml' ? xmlMembers(head, bytes, payload) : jsonMembers(head, bytes, payload);
};

/** Some clients send an empty object where the operation has no body; anything else may be for another reader. */
const noBody = ({ operation }: Match, head: Head, body: AwsRequest['body']): Members => {
  if (body === undefined || body.length === 0) return {};
  const text = body.length > 16 ? undefined : Buffer.from(readable(head, body)).toString('latin1').replace(/\s/g, '');
  return text === '' || text === '{}' ? {} : refuse(`${operation.name} has no body`);
};

const jsonMembers = (head: Head, bytes: Uint8Array, payload: Payload | undefined): Members => {
  const type = contentType(head);
  if (!/^(application\/(json|x-amz-json-1\.[01]))?$/.test(type)) refuse(`a JSON body is not ${quoted(type)}`);
  return payload ? { [payload.member]: parseStrictJson(bytes) } : parseJsonObject(bytes);
};

// S3 looks at no content type but that of a form, and its clients send what their HTTP library sends.
const xmlTypes = new Set(['', 'application/xml', 'text/xml', 'application/octet-stream', 'binary/octet-stream']);

const xmlMembers = (head: Head, bytes: Uint8Array, payload: Payload | undefined): Members => {
  const type = contentType(head);
  if (!xmlTypes.has(type)) refuse(`an XML body is not ${quoted(type)}`);
  const value = parseXmlInput(bytes);
  if (payload) return { [payload.member]: value };
  return typeof value === 'string' ? {} : value;
};

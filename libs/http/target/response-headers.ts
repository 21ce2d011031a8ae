/** Headers of an answer that go on to the client. */
import type { Header } from '../header-list.js';

/** Between two neighbours only, or about the host that we asked and the client must not. */
const dropped = new Set([
  'alt-svc',
  'connection',
  'keep-alive',
  'nel',
  'proxy-authenticate',
  'proxy-connection',
  'report-to',
  'set-cookie',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);

export const answerHeaders = (status: number, headers: readonly Header[]): Header[] =>
  headers.filter(([name]) => !dropped.has(name) && !(name === 'location' && status >= 300 && status < 400));

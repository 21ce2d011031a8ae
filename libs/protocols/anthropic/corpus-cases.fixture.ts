import { readFileSync } from 'node:fs';

/** One way past the gates; libs/protocols/anthropic/corpus/README.md says where the list is from. */
export interface ModelCase {
  readonly id: string;
  readonly class: string;
  readonly expect: string;
  readonly note: string;
}

export const modelCases: readonly ModelCase[] = readFileSync(new URL('corpus/http_llm.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as ModelCase);

/** Of a connection to any API over HTTP, whose paths, bodies and rules an administrator writes: no part of the APIs of models. */
export const ofHttpConnections: Readonly<Record<string, string>> = {
  'HL-071': 'a conditional GET: lists of models have no validators, and answers with 3xx are refused',
};

/** Shown elsewhere, for the servers that every protocol over HTTP shares. */
export const shownElsewhere: Readonly<Record<string, string>> = {
  'HL-014': 'libs/http/client/http-servers.spec.ts',
  // Flagged on record, and left as it is: a picture in an answer is mostly just that.
  'HL-062': 'libs/protocols/anthropic/gateway.spec.ts',
  'HL-066': 'libs/model-gateway/client/patience.test.ts',
};

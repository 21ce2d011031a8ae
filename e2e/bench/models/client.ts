/** One program that asks a model for streams, one after the other over one connection, by as little code as it takes. */
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface ModelPlace {
  readonly url: string;
  readonly ca?: string;
  /** A model's key, or a ticket. */
  readonly key: string;
  /** Its requests name no conversation, so that there is nothing to keep together. */
  readonly nameless?: boolean;
}

/** How the scripted model is to answer. */
export interface Wanted {
  readonly words: number;
  /** Milliseconds from one to the next; undefined: all at once. */
  readonly every?: number;
}

/** Of each delta, the moment at which it had come: milliseconds since the request was sent. */
export type Arrivals = readonly number[];

/** Letters of a word of the scripted model, and the space that ends its delta. */
const letters = 4;
const deltaLength = letters + 1;
const deadlineMs = 120_000;
let questions = 0;

export class ModelClient {
  readonly #agent: HttpAgent;

  /** @param conversation as the client of a model names it: the gateway keeps what is said in it together */
  constructor(
    private readonly place: ModelPlace,
    private readonly conversation: string,
  ) {
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = place.ca === undefined ? new HttpAgent(options) : new HttpsAgent({ ...options, ca: place.ca });
  }

  /**
   * @param begun is called at the first token
   * @throws when the answer is not whole
   */
  async ask({ words, every }: Wanted, begun: () => void = () => undefined): Promise<Arrivals> {
    questions += 1;
    const pace = every === undefined ? '' : `, one every ${every} ms`;
    const body = JSON.stringify({
      model: 'claude-scripted',
      max_tokens: 1024,
      stream: true,
      tools: [{ name: 'Bash', description: 'Runs a command.', input_schema: { type: 'object' } }],
      messages: [{ role: 'user', content: `Question ${questions}: please say ${words} words${pace}.` }],
    });
    const began = performance.now();
    const answer = await this.#post(body);
    const arrivals: number[] = [];
    let length = 0;
    let whole = false;
    let rest = '';
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
      const now = performance.now() - began;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        length += textIn(line);
        whole ||= line.startsWith('data: {"type":"message_stop"');
      }
      if (arrivals.length === 0 && length >= letters) begun();
      while (arrivals.length * deltaLength + letters <= length) arrivals.push(now);
    }
    if (!whole || arrivals.length !== words) throw new Error(`${arrivals.length} of ${words} words came`);
    return arrivals;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #post(body: string): Promise<IncomingMessage> {
    const { url, key, nameless } = this.place;
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(`${url}/v1/messages`, {
      method: 'POST',
      agent: this.#agent,
      signal: AbortSignal.timeout(deadlineMs),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'anthropic-version': '2023-06-01',
        'x-api-key': key,
        ...(nameless ? {} : { 'x-claude-code-session-id': this.conversation }),
      },
    });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    if (answer.statusCode === 200) return answer;
    let said = '';
    for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) said += chunk;
    throw new Error(`the answer was ${answer.statusCode}: ${said.slice(0, 500)}`);
  }
}

/** @returns the characters that a line of the stream adds to the text */
function textIn(line: string): number {
  if (!line.startsWith('data: {"type":"content_block_delta"')) return 0;
  const { delta } = JSON.parse(line.slice('data: '.length)) as { delta: { text?: string } };
  return delta.text?.length ?? 0;
}

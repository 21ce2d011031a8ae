/**
 * The scripted model as a program of its own, so that its work is not the client's. What is asked says how it answers:
 * `12 words, one every 10 ms`, or `12 words` for all of them at once. Says its address on a line.
 */
import { modelServer, type Plan, type Seen, says } from '../../../../libs/protocols/testing/model-server.js';

/** Four letters and a space are one delta: nobody can be waiting for the rest of a word. */
const vocabulary = ['this ', 'text ', 'says ', 'less ', 'than ', 'most ', 'that ', 'were ', 'sent ', 'here '];

function plan({ body }: Seen): Plan {
  const [, count = '1', wait] = /(\d+) words(?:, one every (\d+) ms)?/.exec(body) ?? [];
  const words = Array.from({ length: Number(count) }, (_, at) => vocabulary[at % vocabulary.length]);
  return { ...says(words.join('')), ...(wait === undefined ? {} : { deltaWait: Number(wait) }) };
}

const { url } = await modelServer(plan, process.argv[2]);
process.stdout.write(`${url}\n`);

// A program with the vendor's SDK, as anybody has it: everything it knows of the gateway is in its environment.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const [api, times, prompt, session] = process.argv.slice(2);
const headers = session === undefined ? {} : { 'x-claude-code-session-id': session };

const ask = {
  async anthropic() {
    const stream = new Anthropic({ maxRetries: 0, defaultHeaders: headers }).messages.stream({
      model: 'claude-scripted',
      max_tokens: 64,
      messages: [{ role: 'user', content: prompt }],
      tools: [{ name: 'Bash', input_schema: { type: 'object' } }],
    });
    return (await stream.finalMessage()).content;
  },
  async openai() {
    const { output } = await new OpenAI({ maxRetries: 0 }).responses.create({
      model: 'gpt-scripted',
      max_output_tokens: 64,
      input: prompt,
      store: false,
      prompt_cache_key: session,
    });
    return output;
  },
};

const told = async () => {
  try {
    return { answer: await ask[api]() };
  } catch (error) {
    const { type, message } = error.error?.error ?? error.error ?? error; // one SDK has the whole body, the other what is in it
    return { status: error.status, type, message };
  }
};

process.stdout.write(JSON.stringify(await Promise.all(Array.from({ length: Number(times) }, told))));

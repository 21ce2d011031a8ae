import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command } from '../cli.js';
import { pathOf } from '../options.js';
import { type Trace, traceText } from '../trace-text.js';

const kinds = ['operation', 'tool-call', 'turn', 'session', 'ai-session'] as const;

export const addTrace = (program: Command): void => {
  command(
    program,
    'trace <what> [id]',
    'from a prompt to what came of it, or back: of an operation, a tool call, a turn or a session',
    async (call, what, id) => {
      const kind = id === undefined ? 'any' : kinds.find((each) => each === what);
      if (kind === undefined)
        throw new GatewayError('INVALID_INPUT', `"${what}" is nothing that has a trace`, {
          hint: `give an id alone, or after one of: ${kinds.join(', ')}`,
        });
      const trace = await call.api.get<Trace>(pathOf(`/v1/traces/${kind}`, id ?? what));
      call.show(trace, () => traceText(trace));
    },
  ).addHelpText(
    'after',
    `
The id alone is enough: of an operation or a session as "sallyport sessions" shows it, of a tool call, a turn or an AI
session also as the AI client names it. Levels: bound (ticket, hook and the model’s own tool call agree), ticketed
(ticket and one of the two), inferred (the AI session is known, the call is not), identity (who, and nothing more).`,
  );
};

import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { pathOf } from '../options.js';
import { plain, plainLine } from '../plain-text.js';
import { sheet, table } from '../table.js';

interface Prompt {
  readonly client?: string;
  readonly origin?: string;
  readonly untrusted_by?: string | null;
  readonly messages?: readonly { readonly seq: number; readonly kind: string; readonly text: string | null }[];
  readonly tool_call?: { readonly id: string; readonly name: string; readonly input: string | null } | null;
}

interface Review extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly state: string;
  readonly connection?: string;
  readonly requested_by?: unknown;
  readonly text?: string;
  readonly preview?: string;
  readonly prompt?: Prompt | null;
  readonly created_at?: string;
  readonly expires_at?: string;
}

const indented = (text: string): string => plain(text).trimEnd().replace(/^/gm, '  ');

/** What the AI was told, in its order, and what it then did with a tool. */
const promptText = ({ messages = [], tool_call: call, untrusted_by: by }: Prompt): string =>
  [
    ...messages.map(({ kind, text }) => `${plainLine(kind)}:\n${indented(text ?? '(erased)')}`),
    ...(by ? [`has read what strangers write, by ${plainLine(by)}`] : []),
    ...(call ? [`${plainLine(call.name)} (${plainLine(call.id)}):\n${indented(call.input ?? '(erased)')}`] : []),
  ]
    .map((part) => `${part}\n`)
    .join('\n');

const inFull = (review: Review): string => {
  const { text, preview, prompt, ...facts } = review;
  const why = prompt ? `\nThe prompt behind it:\n\n${promptText(prompt)}` : '';
  return `${sheet(facts)}\n${plain(preview ?? text ?? '')}\n${why}`;
};

const addVerdict = (group: Command, verdict: 'approve' | 'reject', done: string): void => {
  command(
    group,
    `${verdict} <review>`,
    `${verdict} it, for a reason that is kept`,
    async (call: Invocation<{ reason?: string }>, id) => {
      const reason = call.options.reason?.trim();
      if (!reason)
        throw new GatewayError('INVALID_INPUT', 'a verdict needs a reason', {
          hint: 'add --reason "…": it is kept with your name',
        });
      const settled = await call.api.send<Review>('POST', `${pathOf('/v1/reviews', id)}/verdict`, { verdict, reason });
      call.show(settled, () => `${done} ${settled?.id ?? id}${settled?.state ? ` (${settled.state})` : ''}\n`);
    },
  ).option('--reason <text>', 'why (required)');
};

export const addReviews = (program: Command): void => {
  const group = program.command('reviews').description('requests that wait for a human');
  command(
    group,
    'list',
    'requests for approval, the waiting ones unless --state says otherwise',
    async (call: Invocation<{ state: string }>) => {
      const state = call.options.state === 'all' ? undefined : call.options.state;
      const all = await call.api.all<Review>('/v1/reviews', { state });
      call.show(all, () =>
        table(all, {
          id: (r) => r.id,
          state: (r) => r.state,
          'asked by': (r) => r.requested_by,
          connection: (r) => r.connection,
          until: (r) => r.expires_at,
          statement: (r) => r.preview ?? r.text,
        }),
      );
    },
  ).option('--state <pending|approved|rejected|expired|consumed|all>', 'in this state', 'pending');
  command(group, 'show <review>', 'what exactly is asked', async (call, id) => {
    const review = await call.api.get<Review>(pathOf('/v1/reviews', id));
    call.show(review, () => inFull(review));
  });
  addVerdict(group, 'approve', 'approved');
  addVerdict(group, 'reject', 'rejected');
};

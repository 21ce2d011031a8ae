import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { apiUrl, HttpApi } from '../api.js';
import { command, type Invocation } from '../cli.js';
import { within } from '../exec/tickets.js';
import { type HookAnswer, isOpinion, refusalIn } from '../hooks/answer.js';
import { carried, uncarried } from '../hooks/carry.js';
import { type HookEvent, isGate, readEvent, toSend } from '../hooks/event.js';
import { integer } from '../options.js';
import { plainLine } from '../plain-text.js';

interface HookOptions {
  readonly deadline: number;
  readonly strict?: boolean;
  readonly carry?: string;
}

/** Where each client's hooks go. */
const paths: Readonly<Record<string, string>> = { 'claude-code': '/hooks/claude', codex: '/hooks/codex' };

/** How a hook says to both clients that what it was asked about must not go on (its reason is on standard error). */
const blocked = 2;

const pathOf = (client: string): string => {
  const path = paths[client];
  if (path) return path;
  throw new GatewayError('INVALID_INPUT', `"${client}" has no hooks`, { hint: 'choose claude-code or codex' });
};

const reasonOf = (error: unknown): string => plainLine(error instanceof Error ? error.message : String(error));

/** Told to the control plane, and what that thinks of it to the client. @returns the exit status */
const answered = (call: Invocation<HookOptions>, event: HookEvent, answer: HookAnswer): number => {
  const program = call.options.carry;
  const said = isOpinion(answer) ? answer : program && carried(event, program);
  if (said) call.world.out(`${JSON.stringify(said)}\n`);
  const refusal = refusalIn(answer);
  if (refusal === undefined) return 0;
  call.say(plainLine(refusal));
  return blocked;
};

/** Once more where the control plane asks for a pause that the client can wait for: what it is not told has no witness. */
const ask = async (call: Invocation<HookOptions>, path: string, event: HookEvent): Promise<HookAnswer> => {
  const { deadline, url } = call.options;
  const until = Date.now() + deadline;
  const api = new HttpApi(apiUrl(url, call.world.env), call.world.env, deadline);
  const told = () => within(until - Date.now(), api.send<HookAnswer>('POST', path, toSend(event)));
  return told().catch(async (error: unknown) => {
    const pause = pauseIn(error);
    if (pause === undefined || Date.now() + pause >= until) throw error;
    await sleep(pause);
    return told();
  });
};

/** @returns milliseconds */
const pauseIn = (error: unknown): number | undefined => {
  if (!(error instanceof GatewayError) || error.code !== 'RATE_LIMITED') return undefined;
  const seconds = error.details['retry_after_seconds'];
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1_000 : undefined;
};

export const addHook = (program: Command): void => {
  command(
    program,
    'hook <client>',
    'tell the control plane of an AI client’s hook event on standard input (claude-code, codex)',
    async (call: Invocation<HookOptions>, client = '') => {
      let event: HookEvent = {};
      try {
        const path = pathOf(client);
        event = uncarried(await readEvent(call.world.input ?? process.stdin));
        return answered(call, event, (await ask(call, path, event)) ?? {});
      } catch (error) {
        const name = plainLine(event.hook_event_name ?? 'event');
        call.say(`sallyport: the control plane was not told of this ${name}: ${reasonOf(error)}`);
        return call.options.strict && isGate(event) ? blocked : 0;
      }
    },
  )
    .option('--deadline <milliseconds>', 'how long the client may wait', integer, 5_000)
    .option('--strict', 'refuse prompts and tool calls that the control plane cannot be told of')
    .option('--carry <program>', 'of Codex: start commands through this sallyport-exec where it asks nobody about them')
    .addHelpText(
      'after',
      '\nExit status: 0 go on, 2 refused. Without --strict an outage holds nothing up: what runs then has no witness, and policies may ask for one.',
    );
};

/**
 * From prompt to command, as a person with Claude Code lives it: her prompt, the model's tool call by the gateway, the
 * client's hooks, the command that the shell prefix runs with tickets of its own, and the trace that an auditor reads.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { peer, peerMissing } from '@sallyport/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Upstream } from '../../libs/protocols/testing/aws-upstreams.js';
import { anthropicClient } from '../../libs/protocols/testing/model-clients.js';
import { calls, type ModelServer, modelServer, says } from '../../libs/protocols/testing/model-server.js';
import { motoUpstream } from '../../libs/protocols/testing/moto.js';
import { Installation, repository, until } from '../testing/installation.js';

const aiSession = 'a7a54a1e-6c2f-4b0e-9a53-0c8d3a1f2b44';
const promptId = 'prompt-1';
const prompt = 'how many orders are there, and which buckets?';
const command = 'psql -At -c "select 40 + 2" && aws s3api list-buckets --query "length(Buckets)"';
const modelKey = 'canary-model-key-that-the-agent-holds';
/** A key as a detector knows it, and as nobody has it: in the prompt's surroundings, never to reach the model. */
const leaked = `AKIA${'CANARYCANARYCANA'}`;

const policy = `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("sql") permit(principal, action == Sallyport::Action::"sql.execute", resource) when { context.assurance == "bound" };
@id("aws") permit(principal, action == Sallyport::Action::"aws.call", resource) when { context.assurance == "bound" };
@id("model") permit(principal, action == Sallyport::Action::"model.request", resource);
@id("tools") permit(principal, action == Sallyport::Action::"model.tool_call", resource);
@id("no-removal")
@message("nothing is removed from here")
forbid(principal, action == Sallyport::Action::"model.tool_call", resource) when { context.command like "*rm -rf*" };
`;

let moto: Upstream;
let model: ModelServer;
let gate: Installation;
let home: string;

const missing = peerMissing('moto') ?? peerMissing('aws') ?? peerMissing('psql');
const neverSkips = {
  skip: (note?: string): never => {
    throw new Error(note);
  },
};

beforeEach((context) => {
  for (const name of ['moto', 'aws', 'psql'] as const) peer(name, context);
});

beforeAll(async () => {
  if (missing !== undefined) return;
  moto = await motoUpstream(peer('moto', neverSkips));
  model = await modelServer(({ body }) => {
    if (body.includes('tool_result')) return says('There are 42, and no buckets.');
    if (body.includes('clean up')) return calls('Bash', { command: 'rm -rf /srv/orders' });
    return calls('Bash', { command });
  }, modelKey);
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-chain-e2e-'));
  const keys = path.join(home, 'aws-keys.json');
  writeFileSync(keys, JSON.stringify({ AccessKeyId: 'AKIAREALREALREALREAL', SecretAccessKey: 'real' }), {
    mode: 0o600,
  });
  const key = path.join(home, 'model-key');
  writeFileSync(key, modelKey, { mode: 0o600 });
  gate = await Installation.start({
    targets: [
      {
        alias: 'cloud',
        protocol: 'aws',
        regions: ['eu-west-1'],
        endpoints: { default: moto.url },
        credential: { source: 'file', path: keys },
      },
      { alias: 'claude', protocol: 'anthropic', endpoint: model.url, credential: { source: 'file', path: key } },
    ],
  });
  await gate.setPolicy(policy);
  const connections = [
    { name: 'cloud', protocol: 'aws', target: 'cloud', regions: ['eu-west-1'] },
    { name: 'claude', protocol: 'anthropic', target: 'claude' },
  ];
  for (const connection of connections) await gate.api('grace', 'POST', '/v1/connections', connection);
});
afterAll(async () => {
  await gate?.stop();
  await moto?.stop();
  await model?.[Symbol.asyncDispose]();
});

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function sallyport(
  args: readonly string[],
  { env = {}, input = '' }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<Ran> {
  const token = await gate.accessToken('ada');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(repository, 'apps/cli/bin/sallyport.js'), ...args], {
      env: { PATH: process.env['PATH']!, HOME: home, SALLYPORT_URL: gate.url, SALLYPORT_TOKEN: token, ...env },
    });
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...text }));
    child.stdin.end(input);
  });
}

/** What Claude Code tells its hooks. */
const hook = (event: string, more: object): Promise<Ran> =>
  sallyport(['hook', 'claude-code'], {
    input: JSON.stringify({
      session_id: aiSession,
      prompt_id: promptId,
      transcript_path: '/t',
      cwd: '/w',
      permission_mode: 'default',
      hook_event_name: event,
      ...more,
    }),
  });

/** A command as Claude Code's Bash tool runs it by its shell prefix. */
const shell = (text: string): Promise<Ran> => {
  const line = `shopt -u extglob 2>/dev/null || true && eval '${text.replaceAll("'", `'\\''`)}' < /dev/null && pwd -P >| /dev/null`;
  return sallyport(['exec', line], { env: { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: aiSession } });
};

/** Claude Code's own client of the model. */
async function claude(): Promise<Anthropic> {
  const token = (await sallyport(['llm-token', 'claude'])).out.trim();
  expect(token).toMatch(/^spt_[\w-]{43}$/);
  const ticket = await gate.api<{ endpoint: { port: number; ca_certificate: string } }>('ada', 'POST', '/v1/tickets', {
    connection: 'claude',
  });
  const { port, ca_certificate: ca } = ticket.endpoint;
  return anthropicClient(
    { endpoint: `https://127.0.0.1:${port}`, port, ca },
    { authToken: token, defaultHeaders: { 'x-claude-code-session-id': aiSession } },
  );
}

const tools = [{ name: 'Bash', input_schema: { type: 'object' as const } }];
const ask = async (messages: Anthropic.MessageParam[]): Promise<Anthropic.Message> =>
  (await claude()).messages.stream({ model: 'claude-opus-5-5', max_tokens: 1_000, tools, messages }).finalMessage();

interface Traced {
  readonly ai_session: {
    readonly turns: readonly {
      readonly client_turn: string;
      readonly messages: readonly { readonly text: string }[];
      readonly model: readonly { readonly outcome: { readonly status: string } | null }[];
      readonly tool_calls: readonly {
        readonly tool_use_id: string;
        readonly operations: readonly {
          readonly action: string;
          readonly assurance: string;
          readonly join_key: string | null;
          readonly outcome: { readonly status: string } | null;
        }[];
      }[];
    }[];
  };
}

describe('from prompt to command', () => {
  let toolUse: string;

  test('a prompt, the tool call of the model, and the command that it runs are one chain, and it is bound', async () => {
    expect(await hook('UserPromptSubmit', { prompt })).toMatchObject({ status: 0, err: '' });
    const first: Anthropic.MessageParam = {
      role: 'user',
      content: [
        { type: 'text', text: `<system-reminder>the old key was ${leaked}</system-reminder>` },
        { type: 'text', text: prompt },
      ],
    };
    const answer = await ask([first]);
    const call = answer.content.find((block) => block.type === 'tool_use')!;
    expect(call).toMatchObject({ name: 'Bash', input: { command } });
    toolUse = call.id;
    const told = { tool_name: 'Bash', tool_use_id: toolUse, tool_input: call.input };
    expect(await hook('PreToolUse', told)).toMatchObject({ status: 0, err: '' });

    const ran = await shell(command);
    expect(ran).toEqual({ status: 0, out: '42\n0\n', err: '' });

    await hook('PostToolUse', { ...told, tool_response: { stdout: ran.out }, duration_ms: 1 });
    const last = await ask([
      first,
      { role: 'assistant', content: answer.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: toolUse, content: ran.out }] },
    ]);
    expect(last.content).toMatchObject([{ type: 'text', text: 'There are 42, and no buckets.' }]);
  });

  test('the model has never seen the secret, and nobody but the agent the model’s key', () => {
    const sent = model.seen.map(({ body }) => body).join('\n');
    expect(sent).toContain(prompt);
    expect(sent).not.toContain(leaked);
    expect(sent).not.toMatch(/spt_[\w-]{43}/);
    expect(gate.controlPlane.log.join('')).not.toContain(modelKey);
    expect(gate.agent.log.join('')).not.toContain(modelKey);
  });

  test('the trace shows it from either end, with the level and the evidence for it', async () => {
    const traced = await until('the whole turn is traced', async () => {
      const { out, err } = await sallyport(['trace', 'ai-session', aiSession, '--json']);
      expect(err).toBe('');
      const { ai_session } = JSON.parse(out) as Traced;
      const operations = ai_session.turns.flatMap(({ tool_calls }) => tool_calls.flatMap((each) => each.operations));
      const actions = new Set(operations.filter(({ outcome }) => outcome !== null).map(({ action }) => action));
      const requests = ai_session.turns.flatMap(({ model: asked }) => asked);
      return actions.has('sql.execute') && actions.has('aws.call') && requests.length >= 2 && ai_session;
    });
    expect(traced.turns).toHaveLength(1);
    const [turn] = traced.turns;
    expect(turn).toMatchObject({ client_turn: promptId, messages: [{ text: prompt }] });
    expect(turn!.model.length).toBe(2);
    const [call] = turn!.tool_calls;
    expect(call!.tool_use_id).toBe(toolUse);
    const ofTargets = call!.operations.filter(({ action }) => action === 'sql.execute' || action === 'aws.call');
    expect(ofTargets.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ofTargets.map(({ assurance }) => assurance))).toEqual(new Set(['bound']));

    const text = await sallyport(['trace', toolUse]);
    expect(text.out).toContain(prompt);
    expect(text.out).toContain('told by model, hook');
    expect(text.out).toContain('[bound] · sql.execute on orders');
    expect(text.out).toContain('[bound] · aws.call on cloud');
    expect(text.out).toContain('model and hook tell the same input');
    expect(text.out).toMatch(/CloudTrail: request \S+/);
  });

  test('a command that no witness knows is not bound, and a policy that asks for that refuses it', async () => {
    const ran = await shell('psql -At -c "select 1"');
    expect(ran.status).not.toBe(0);
    expect(ran.err).toContain('no policy permits');
  });

  test('a tool call that a policy forbids never reaches the client: the model’s words are replaced', async () => {
    const answer = await ask([{ role: 'user', content: 'clean up' }]);
    expect(answer.stop_reason).toBe('end_turn');
    expect(answer.content.slice(1)).toMatchObject([
      { type: 'text', text: expect.stringContaining('nothing is removed from here') },
    ]);
  });

  test('one call ends the AI session for good: its next request, hook and command are refused', async () => {
    const { items } = await gate.api<{ items: { id: string }[] }>('grace', 'GET', '/v1/ai-sessions');
    await gate.api('grace', 'POST', `/v1/ai-sessions/${items[0]!.id}/kill`, { reason: 'enough' });
    await expect(ask([{ role: 'user', content: 'and now?' }])).rejects.toThrow(/ended/);
    const denied = await hook('PreToolUse', {
      tool_name: 'Bash',
      tool_use_id: 'toolu_x',
      tool_input: { command: 'ls' },
    });
    expect(denied.out + denied.err).toMatch(/ended/);
    const ran = await shell('psql -At -c "select 1"');
    expect(ran.status).not.toBe(0);
  });
});

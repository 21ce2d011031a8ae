import { expect, test } from 'vitest';
import { type Trace, traceText } from './trace-text.js';

const operation = {
  action: 'sql.execute',
  risk: 'write',
  text: 'delete from customers\nwhere test',
  assurance: 'bound',
  connection: 'shop',
  decision: { outcome: 'allowed', policies: ['writes-reviewed'], refusal: null },
  review: { id: 'r1', state: 'approved', votes: [{ by: 'grace', verdict: 'approve', reason: 'test rows only' }] },
  outcome: { status: 'done', code: null, rows: 12, flags: null },
  evidence: ['model and hook tell the same input'],
  join_key: 'pid 12',
  cloud_trail: null,
};
const trace: Trace = {
  identity: { name: 'ada@example.test' },
  ai_session: {
    client: 'claude-code',
    client_session: 's-1',
    killed_at: null,
    turns: [
      {
        client_turn: 'p-1',
        origin: 'human',
        started_at: '2026-11-29T16:00:00.000Z',
        untrusted: { by: 'WebFetch' },
        messages: [
          { kind: 'human', text: 'delete the \u001b[2Jtest customers', source: 'hook', expands: null },
          { kind: 'human', text: 'The user has typed: delete', source: 'model', expands: 1 },
        ],
        model: [],
        tool_calls: [
          {
            tool_use_id: 'toolu_1',
            name: 'Bash',
            agent: null,
            input: '{"command":"psql -c \'delete from customers where test\'"}',
            witnesses: { model: {}, hook: {}, telemetry: null, agree: true },
            outcome: 'done',
            refusal: null,
            operations: [operation],
          },
        ],
        operations: [],
      },
    ],
  },
  operations: [],
  truncated: false,
};

test('a trace is a tree from the prompt to the row in the target’s log, and nothing in it steers a terminal', () => {
  expect(traceText(trace)).toBe(
    [
      'ada@example.test · claude-code · session s-1',
      '└─ turn p-1 · human · 2026-11-29T16:00:00.000Z · read outside content by WebFetch',
      '   ├─ human: delete the \\x1b[2Jtest customers',
      '   ├─ as the model was told: The user has typed: delete',
      '   └─ tool call Bash toolu_1 · told by model, hook · done',
      "      ├─ psql -c 'delete from customers where test'",
      '      └─ [bound] · sql.execute on shop · write · allowed · done 12 rows',
      '         ├─ delete from customers\\nwhere test',
      '         ├─ by policy writes-reviewed',
      '         ├─ review r1 · approved',
      '         │  └─ grace: approve, test rows only',
      '         ├─ model and hook tell the same input',
      '         └─ in the target’s own log: pid 12',
      '',
    ].join('\n'),
  );
});

test('witnesses that disagree, a refusal and what was erased are said', () => {
  const [turn] = trace.ai_session!.turns;
  const [call] = turn!.tool_calls;
  const text = traceText({
    ...trace,
    ai_session: {
      ...trace.ai_session!,
      turns: [
        {
          ...turn!,
          messages: [{ kind: 'human', text: null, source: 'hook' }],
          tool_calls: [
            {
              ...call!,
              input: 'no JSON',
              witnesses: { ...call!.witnesses, agree: false },
              refusal: 'not today',
              operations: [
                { ...operation, cloud_trail: { request_id: 'RQ1', role_session_name: 'ada.s1' }, text: null },
              ],
            },
          ],
        },
      ],
    },
    truncated: true,
  });
  expect(text).toContain('human: (erased)');
  expect(text).toContain('told by model, hook, which DIFFER · done · refused: not today');
  expect(text).toContain('CloudTrail: request RQ1, role session ada.s1');
  expect(text).toContain('There is more than is shown');
});

test('what to look at in a model’s answer is said beside how it ended', () => {
  const asked = { ...operation, outcome: { ...operation.outcome, rows: null, flags: ['remote-image'] } };
  expect(traceText({ ...trace, ai_session: null, operations: [asked] })).toContain(
    'allowed · done FLAGGED remote-image\n',
  );
});

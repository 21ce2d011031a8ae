import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issuedTicket, type ScriptedControlPlane, scriptedControlPlane } from '../control-plane.fixture.js';
import { run } from '../program.js';

let plane: ScriptedControlPlane;
let root: string;

beforeEach(async () => {
  plane = await scriptedControlPlane();
  plane.answer = ({ method, path: at, body }) => {
    if (at.startsWith('/v1/connections'))
      return {
        body: {
          items: [
            { name: 'claude', protocol: 'anthropic' },
            { name: 'gpt', protocol: 'openai' },
          ],
        },
      };
    if (method === 'DELETE') return { status: 204 };
    const name = body['connection'] as string;
    return { status: 201, body: issuedTicket(name, { claude: 'anthropic', gpt: 'openai' }[name] ?? 'postgres') };
  };
  root = mkdtempSync(path.join(tmpdir(), 'sallyport-setup-'));
});
afterEach(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

/** On a machine whose root is the test's folder, in which the person's home is /home/ada. */
const setup = async (args: string[], { input, env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) => {
  const said = { out: '', err: '' };
  const status = await run(
    ['setup', ...args, '--root', root, '--platform', args.includes('--platform') ? args.at(-1)! : 'linux'],
    {
      env: { HOME: '/home/ada', SALLYPORT_URL: plane.url, SALLYPORT_TOKEN: 'canary-login', ...env },
      program: ['/opt/no de/node', "/opt/it's/bin/sallyport.js"],
      ...(input === undefined
        ? {}
        : {
            input: (async function* () {
              yield input;
            })(),
          }),
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
    },
  );
  return { status, ...said };
};

const at = (file: string): string => path.join(root, file);
const put = (file: string, text: string, mode = 0o644): void => {
  mkdirSync(path.dirname(at(file)), { recursive: true });
  writeFileSync(at(file), text);
  chmodSync(at(file), mode);
};
const text = (file: string): string => readFileSync(at(file), 'utf8');
interface Settings {
  readonly env: Readonly<Record<string, string>>;
  readonly permissions: unknown;
  readonly hooks: Readonly<Record<string, readonly { readonly hooks: readonly { readonly command: string }[] }[]>>;
}
const json = (file: string): Settings => JSON.parse(text(file)) as Settings;

/** Every file below the root, with its bytes and permissions. */
const everything = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(root, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [
        path.relative(root, file),
        `${(statSync(file).mode & 0o777).toString(8)} ${readFileSync(file, 'base64')}`,
      ]),
  );

const user = '/home/ada/.claude/settings.json';
const managed = '/etc/claude-code/managed-settings.d/50-sallyport.json';
const own = '/home/ada/.config/sallyport/setup';

const events = [
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'UserPromptSubmit',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'SessionEnd',
  'ConfigChange',
];

describe('Claude Code', () => {
  test('gets managed settings that name the gateway, the hooks, the helpers and the prefix, and no secret', async () => {
    const { status, out } = await setup(['claude-code', '--managed', '--yes']);
    expect(status).toBe(0);
    const lib = '/usr/local/lib/sallyport';
    expect(json(managed)).toMatchObject({
      env: {
        SALLYPORT_URL: plane.url,
        ANTHROPIC_BASE_URL: 'https://127.0.0.1:7432',
        NODE_EXTRA_CA_CERTS: `${lib}/gateway-ca.pem`,
        CLAUDE_CODE_SHELL_PREFIX: `${lib}/bin/sallyport-exec`,
        CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '600000',
        OTEL_EXPORTER_OTLP_ENDPOINT: `${plane.url}/otlp`,
        MCP_TOOL_TIMEOUT: '1800000',
      },
      apiKeyHelper: `'${lib}/bin/sallyport' llm-token claude --url ${plane.url}`,
      otelHeadersHelper: `'${lib}/bin/sallyport' otel-headers --url ${plane.url}`,
      requiredMinimumVersion: '2.1.232',
    });
    const { hooks } = json(managed);
    expect(Object.keys(hooks).sort()).toEqual([...events].sort());
    expect(hooks['PreToolUse']).toEqual([
      {
        matcher: 'Bash|PowerShell|Monitor|mcp__.*|WebFetch|WebSearch',
        hooks: [
          {
            type: 'command',
            command: `${lib}/bin/sallyport`,
            args: ['hook', 'claude-code', '--url', plane.url],
            timeout: 10,
          },
        ],
      },
    ]);
    expect(text(`${lib}/gateway-ca.pem`)).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(text(`${lib}/bin/sallyport`)).toBe(
      `#!/bin/sh\nexec '/opt/no de/node' '/opt/it'\\''s/bin/sallyport.js' "$@"\n`,
    );
    expect(text(`${lib}/bin/sallyport-exec`)).toContain(`/bin/sallyport-exec.js' "$@"`);
    expect(Object.entries(everything()).map(([file, bytes]) => [file, bytes.slice(0, 3)])).toEqual(
      expect.arrayContaining([
        [managed.slice(1), '644'],
        [`${lib.slice(1)}/gateway-ca.pem`, '644'],
        [`${lib.slice(1)}/bin/sallyport-exec`, '755'],
      ]),
    );
    expect(
      out +
        Object.values(everything())
          .map((bytes) => Buffer.from(bytes.slice(4), 'base64'))
          .join(''),
    ).not.toMatch(/canary|spt_|spw_/);
  });

  test('has the ticket by which it was asked where the gateway is given back', async () => {
    await setup(['claude-code', '--dry-run']);
    expect(plane.asked.map(({ method, path: to }) => `${method} ${to.split('?')[0]}`)).toEqual([
      'GET /v1/connections',
      'POST /v1/tickets',
      'DELETE /v1/tickets/id-of-claude',
    ]);
  });

  test.each(['linux', 'darwin', 'win32'])('has its managed settings where %s keeps them', async (platform) => {
    const { out } = await setup(['claude-code', '--managed', '--dry-run', '--platform', platform]);
    const files = {
      linux: managed,
      darwin: '/Library/Application Support/ClaudeCode/managed-settings.d/50-sallyport.json',
      win32: 'C:\\Program Files\\ClaudeCode\\managed-settings.d\\50-sallyport.json',
    };
    expect(out).toContain(`${files[platform as keyof typeof files]} (new)`);
    expect(everything()).toEqual({});
  });

  const mine = `{
\t"model": "opus",
\t"env": { "EDITOR": "vi", "ANTHROPIC_MODEL": "x" },
\t"permissions": { "deny": ["Read(./.env)"] },
\t"hooks": {
\t\t"PreToolUse": [{ "matcher": "Bash", "hooks": [{ "type": "command", "command": "~/check.sh" }] }],
\t\t"Notification": [{ "hooks": [{ "type": "command", "command": "notify" }] }]
\t}
}`;

  test('keeps every setting of a person’s own, and their way of writing', async () => {
    put(user, mine, 0o640);
    expect((await setup(['claude-code', '--yes'])).status).toBe(0);
    const before = JSON.parse(mine) as Settings;
    const after = json(user);
    expect(after).toMatchObject({ model: 'opus', permissions: before.permissions, env: before.env });
    expect(Object.keys(after).slice(0, 4)).toEqual(['model', 'env', 'permissions', 'hooks']);
    expect(after.hooks['PreToolUse']).toMatchObject([
      before.hooks['PreToolUse']![0],
      { matcher: expect.stringContaining('Bash|') },
    ]);
    expect(after.hooks['Notification']).toEqual(before.hooks['Notification']);
    expect(text(user)).toMatch(/^\{\n\t"model"/);
    expect(text(user)).not.toMatch(/\n$/);
    expect(after.env['CLAUDE_CODE_SHELL_PREFIX']).toBe(`${own}/bin/sallyport-exec`);
    expect(after).not.toHaveProperty('requiredMinimumVersion');
    expect(statSync(at(user)).mode & 0o777).toBe(0o640);
  });

  test('is as it was before after --undo, byte for byte', async () => {
    put(user, mine, 0o640);
    const before = everything();
    await setup(['claude-code', '--yes']);
    expect(everything()).not.toEqual(before);
    expect(await setup(['claude-code', '--undo', '--yes'])).toMatchObject({
      status: 0,
      out: expect.stringContaining('as it was before'),
    });
    expect(everything()).toEqual(before);
    expect((await setup(['claude-code', '--undo', '--yes'])).status).toBe(5);
  });

  test('set up twice is set up once, and still goes back to the beginning', async () => {
    put(user, mine);
    const before = everything();
    await setup(['claude-code', '--yes']);
    const once = everything();
    expect((await setup(['claude-code'])).out).toContain('nothing to do');
    expect(everything()).toEqual(once);
    await setup(['claude-code', '--strict', '--yes']);
    expect(text(user).match(/--strict/g)).toHaveLength(events.length);
    expect(text(user).match(/"claude-code"/g)).toHaveLength(events.length);
    await setup(['claude-code', '--undo', '--yes']);
    expect(everything()).toEqual(before);
  });

  test('is written by a link to the file that it leads to', async () => {
    put('/home/ada/dotfiles/settings.json', '{}');
    mkdirSync(path.dirname(at(user)), { recursive: true });
    symlinkSync(at('/home/ada/dotfiles/settings.json'), at(user));
    await setup(['claude-code', '--yes']);
    expect(json('/home/ada/dotfiles/settings.json')).toHaveProperty('apiKeyHelper');
    await setup(['claude-code', '--undo', '--yes']);
    expect(text('/home/ada/dotfiles/settings.json')).toBe('{}');
  });

  test('in a folder of its own has settings that are not committed', async () => {
    const { out } = await setup(['claude-code', '--project', '--dry-run']);
    expect(out).toContain('/.claude/settings.local.json (new)');
  });

  test('trusts what Node was told to trust before, too', async () => {
    put('/corporate.pem', 'corporate\n');
    await setup(['claude-code', '--yes'], { env: { NODE_EXTRA_CA_CERTS: '/corporate.pem' } });
    const both = text(`${own}/gateway-ca.pem`);
    expect(both).toMatch(/^corporate\n-----BEGIN/);
    await setup(['claude-code', '--yes'], { env: { NODE_EXTRA_CA_CERTS: `${own}/gateway-ca.pem` } });
    expect(text(`${own}/gateway-ca.pem`)).toBe(both);
  });

  test('trusts what the settings had Claude Code trust before, too, however often it is set up', async () => {
    put('/corporate.pem', 'corporate\n');
    put(user, '{"env":{"NODE_EXTRA_CA_CERTS":"/corporate.pem"}}');
    await setup(['claude-code', '--yes']);
    const both = text(`${own}/gateway-ca.pem`);
    expect(both).toMatch(/^corporate\n-----BEGIN/);
    await setup(['claude-code', '--strict', '--yes']);
    expect(text(`${own}/gateway-ca.pem`)).toBe(both);
  });
});

describe('before anything is written', () => {
  test('it is shown, and written only after a yes', async () => {
    put(user, '{\n  "model": "opus"\n}\n');
    const before = everything();
    const no = await setup(['claude-code'], { input: 'n\n' });
    expect(no).toMatchObject({
      status: 0,
      err: 'Write this? [y/N] ',
      out: expect.stringContaining('nothing was written'),
    });
    expect(no.out).toContain(`${user} (changed)\n    {\n  -   "model": "opus"\n  +   "model": "opus",\n  +   "env": {`);
    expect(everything()).toEqual(before);
    expect((await setup(['claude-code'], { input: 'y\n' })).out).toContain('is set up');
    expect(everything()).not.toEqual(before);
  });
  test('a dry run writes nothing', async () => {
    expect((await setup(['claude-code', '--dry-run', '--yes'])).status).toBe(0);
    expect(everything()).toEqual({});
  });

  const conflicts: [string, object, RegExp][] = [
    ['a key in the environment', { env: { ANTHROPIC_API_KEY: 'canary-key' } }, /env\.ANTHROPIC_API_KEY goes before/],
    ['a token in the environment', { env: { ANTHROPIC_AUTH_TOKEN: 'canary-key' } }, /env\.ANTHROPIC_AUTH_TOKEN/],
    ['another cloud', { env: { CLAUDE_CODE_USE_BEDROCK: '1' } }, /CLAUDE_CODE_USE_BEDROCK/],
    ['hooks switched off', { disableAllHooks: true }, /switches the hooks off/],
    ['another login', { forceLoginMethod: 'console' }, /forceLoginMethod/],
  ];
  test.each(conflicts)('what would make it useless is named, not overwritten: %s', async (_, settings, told) => {
    put(user, JSON.stringify(settings));
    const before = everything();
    const { status, err, out } = await setup(['claude-code', '--yes', '--force']);
    expect(status).toBe(6);
    expect(err).toMatch(told);
    expect(out + err).not.toContain('canary-key');
    expect(everything()).toEqual(before);
  });

  test('what there can be only one of is replaced only when told to, and comes back', async () => {
    put(user, JSON.stringify({ apiKeyHelper: '~/key.sh', env: { CLAUDE_CODE_SHELL_PREFIX: '/usr/bin/nice' } }));
    const before = everything();
    const { status, err } = await setup(['claude-code', '--yes']);
    expect([status, err]).toEqual([6, expect.stringContaining('its own apiKeyHelper, env.CLAUDE_CODE_SHELL_PREFIX')]);
    expect(everything()).toEqual(before);
    expect((await setup(['claude-code', '--yes', '--force'])).status).toBe(0);
    await setup(['claude-code', '--undo', '--yes']);
    expect(everything()).toEqual(before);
  });

  test.each(['{ "a": 1, } // mine', '[]', '{"env": []}', '{"hooks": {"Stop": {}}}', '\u{feff}{}'])(
    '%j is not written over',
    async (settings) => {
      put(user, settings);
      expect(await setup(['claude-code', '--yes'])).toMatchObject({ status: 2, err: expect.stringContaining(user) });
      expect(text(user)).toBe(settings);
    },
  );

  test('nobody to ask is no yes', async () => {
    if (process.stdin.isTTY) return;
    expect(await setup(['claude-code'])).toMatchObject({ status: 2, err: expect.stringContaining('--dry-run') });
    expect(everything()).toEqual({});
  });

  test('a connection of another protocol is not taken for a model', async () => {
    expect(await setup(['claude-code', '--yes', '--connection', 'orders'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('of the protocol "postgres"'),
    });
    expect(everything()).toEqual({});
  });

  test('a machine where nobody is logged in is told the gateway by hand', async () => {
    put('/elsewhere/ca.pem', 'pem\n');
    const args = [
      'claude-code',
      '--managed',
      '--yes',
      '--connection',
      'claude',
      '--base-url',
      'https://gate.example.com:7445',
      '--ca-file',
    ];
    expect((await setup([...args, at('/elsewhere/ca.pem')], { env: { SALLYPORT_TOKEN: '' } })).status).toBe(0);
    expect(json(managed)).toMatchObject({ env: { ANTHROPIC_BASE_URL: 'https://gate.example.com:7445' } });
    expect((await setup(['claude-code', '--base-url', 'https://gate.example.com', '--dry-run'])).status).toBe(2);
    expect(plane.asked).toEqual([]);
  });
});

describe('taking it back', () => {
  test('does not lose what was changed since, unless told to', async () => {
    put(user, '{"model":"opus"}');
    const before = everything();
    await setup(['claude-code', '--yes']);
    writeFileSync(at(user), text(user).replace('opus', 'sonnet'));
    const { status, err } = await setup(['claude-code', '--undo', '--yes']);
    expect([status, err]).toEqual([6, expect.stringContaining(`changed since it was set up: "${user}"`)]);
    expect(text(user)).toContain('sonnet');
    expect((await setup(['claude-code', '--undo', '--yes', '--force'])).status).toBe(0);
    expect(everything()).toEqual(before);
  });

  test('of one client leaves the other what they share', async () => {
    await setup(['claude-code', '--yes']);
    const claude = everything();
    await setup(['codex', '--yes']);
    await setup(['claude-code', '--undo', '--yes']);
    expect(text(`${own}/bin/sallyport`)).toContain('exec');
    expect(readdirSync(at('/home/ada/.claude'))).toEqual([]);
    await setup(['claude-code', '--yes']);
    await setup(['codex', '--undo', '--yes']);
    expect(everything()).toEqual(claude);
    await setup(['claude-code', '--undo', '--yes']);
    expect(everything()).toEqual({});
  });
});

describe('Codex', () => {
  const config = '/home/ada/.codex/config.toml';
  const hooks = '/home/ada/.codex/hooks.json';
  const mine = `# mine\nmodel = "gpt-5" # the model\nnote = """\n[model_providers.sallyport]\nmodel_provider = 1\n"""\n\n[mcp_servers.docs]\ncommand = 'x'`;

  test('gets a provider whose key is a command’s, around a person’s own configuration', async () => {
    put(config, mine);
    put(hooks, '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"bell"}]}]}}');
    const before = everything();
    expect((await setup(['codex', '--yes'])).status).toBe(0);
    const [top = '', rest = ''] = text(config).split('# <<< sallyport\n\n# mine');
    expect(top).toMatch(/^# >>> sallyport: .*\nmodel_provider = "sallyport"\nweb_search = "disabled"\n$/);
    expect(`# mine${rest}`.startsWith(`${mine}\n\n# >>> sallyport: `)).toBe(true);
    expect(rest).toContain(
      '[model_providers.sallyport]\nname = "Sallyport"\nbase_url = "https://127.0.0.1:7432/v1"\nwire_api = "responses"\n',
    );
    expect(rest).toContain(
      `[model_providers.sallyport.auth]\ncommand = "${own}/bin/sallyport"\nargs = ["llm-token", "gpt", "--protocol", "openai", "--url", "${plane.url}"]\n`,
    );
    const told = json(hooks).hooks;
    expect(told['Stop']!.map((group) => group.hooks[0]!.command)).toEqual([
      'bell',
      `'${own}/bin/sallyport' hook codex --url '${plane.url}'`,
    ]);
    expect(told['PreToolUse']![0]!.hooks[0]!.command).toMatch(/ --carry '.*\/bin\/sallyport-exec'$/);
    expect((await setup(['codex'])).out).toContain('nothing to do');
    await setup(['codex', '--no-carry', '--yes']);
    expect(text(hooks)).not.toContain('--carry');
    await setup(['codex', '--undo', '--yes']);
    expect(everything()).toEqual(before);
  });

  test.each([
    'model_provider = "other"\n',
    '[model_providers.sallyport]\n',
    '"model_provider"="x"',
    'model_providers.sallyport.name = "x"\n',
  ])('with %j of its own is left alone', async (text_) => {
    put(config, text_);
    expect(await setup(['codex', '--yes'])).toMatchObject({ status: 6, err: expect.stringContaining('in line 1') });
    expect(text(config)).toBe(text_);
  });
  test('keeps what a person says of searches', async () => {
    put(config, 'web_search = "cached"\n');
    await setup(['codex', '--yes']);
    expect(text(config).match(/web_search/g)).toHaveLength(1);
    expect(text(config)).toContain('web_search = "cached"');
  });
  test.each([
    '[features]\nother = true\nhooks = false\n',
    '[features]\ncodex_hooks = false\n',
    'features.hooks = false\n',
    'features = { hooks = false }\n',
  ])('with %j is told that its hooks are off', async (text_) => {
    put(config, text_);
    const { status, err } = await setup(['codex', '--yes']);
    expect([status, err]).toEqual([6, expect.stringContaining('switch the hooks off')]);
    expect(text(config)).toBe(text_);
  });
  test.each(['[features]\nhooks = true\n', '[features]\n[other]\nhooks = false\n'])(
    'with %j is set up',
    async (text_) => {
      put(config, text_);
      expect((await setup(['codex', '--yes'])).status).toBe(0);
    },
  );
  test('with a provider in a profile only is set up', async () => {
    put(config, '[profiles.x]\nmodel_provider = "other"\n');
    expect((await setup(['codex', '--yes'])).status).toBe(0);
  });

  const managedConfig = '/etc/codex/managed_config.toml';
  const requirements = '/etc/codex/requirements.toml';
  const shared = '/usr/local/lib/sallyport';

  test('is managed by what goes before a person’s configuration, and by hooks that need nobody’s trust', async () => {
    const theirs = 'allowed_sandbox_modes = ["read-only"]\n\n[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "command"\n';
    put(requirements, theirs);
    const before = everything();
    expect((await setup(['codex', '--managed', '--yes'])).status).toBe(0);
    expect(text(managedConfig)).toMatch(/^# >>> sallyport: .*\nmodel_provider = "sallyport"\n/);
    expect(text(managedConfig)).toContain(`[model_providers.sallyport.auth]\ncommand = "${shared}/bin/sallyport"\n`);
    expect(text(requirements).startsWith(`${theirs}\n# >>> sallyport: `)).toBe(true);
    expect(text(requirements)).toContain('[features]\nhooks = true\n');
    expect(text(requirements)).toContain(
      `[[hooks.UserPromptSubmit]]\n[[hooks.UserPromptSubmit.hooks]]\ntype = "command"\ncommand = "'${shared}/bin/sallyport' hook codex --url '${plane.url}'"\ntimeout = 10\n`,
    );
    expect(text(requirements)).toMatch(
      /^\[\[hooks\.PreToolUse\]\]\n.*\n.*\ncommand = ".* --carry '.*sallyport-exec'"$/m,
    );
    for (const file of [managedConfig, requirements]) expect(statSync(at(file)).mode & 0o777).toBe(0o644);
    expect((await setup(['codex', '--managed'])).out).toContain('nothing to do');
    await setup(['codex', '--managed', '--undo', '--yes']);
    expect(everything()).toEqual(before);
  });

  test('keeps features that an administrator pinned, where hooks are among them', async () => {
    put(requirements, '[features]\nhooks = true\napps = false\n');
    expect((await setup(['codex', '--managed', '--yes'])).status).toBe(0);
    expect(text(requirements).match(/^\[features\]$/gm)).toHaveLength(1);
  });

  test.each([
    ['[features]\napps = false\n', '"features"'],
    ['[features]\nhooks = false\n[x]\nhooks = true\n', '"features"'],
    ['features.apps = false\n', '"features"'],
    ['hooks = {}\n', 'in line 1'],
  ])('with the requirement %j is left alone', async (text_, err) => {
    put(requirements, text_);
    expect(await setup(['codex', '--managed', '--yes'])).toMatchObject({
      status: 6,
      err: expect.stringContaining(err),
    });
    expect(text(requirements)).toBe(text_);
    expect(existsSync(at(managedConfig))).toBe(false);
  });

  test.each([
    ['in a project', ['--project']],
    ['managed on Windows', ['--managed', '--platform', 'win32']],
  ])('cannot be set up %s, and says so', async (_where, args) => {
    expect(await setup(['codex', '--yes', ...args])).toMatchObject({
      status: 2,
      err: expect.stringContaining('use --user'),
    });
  });
});

test('another client cannot be set up, nor two scopes at once', async () => {
  expect((await setup(['gemini'])).status).toBe(2);
  expect((await setup(['claude-code', '--user', '--managed'])).status).toBe(2);
});

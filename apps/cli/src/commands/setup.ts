import { GatewayError } from '@sallyport/core';
import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { type Change, isChange } from '../setup/change.js';
import { confirmed } from '../setup/confirm.js';
import { diffOf } from '../setup/diff.js';
import { Disk } from '../setup/disk.js';
import { type GatewayOptions, modelGateway } from '../setup/gateway.js';
import { type ClientName, clients, placesOf, recordsOf, type Scope, scopes } from '../setup/places.js';
import { planOf } from '../setup/plan.js';
import { SetupRecord } from '../setup/record.js';

interface SetupOptions extends GatewayOptions, Partial<Record<Scope, boolean>> {
  readonly root?: string;
  readonly platform: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly force?: boolean;
  readonly strict?: boolean;
  readonly carry?: boolean;
}

const clientOf = (name: string): ClientName => {
  const client = clients.find((each) => each === name);
  if (client) return client;
  throw new GatewayError('INVALID_INPUT', `"${name}" cannot be set up`, { hint: `choose ${clients.join(' or ')}` });
};

const scopeOf = (options: SetupOptions): Scope => {
  const chosen = scopes.filter((scope) => options[scope]);
  if (chosen.length > 1)
    throw new GatewayError('INVALID_INPUT', `choose one of ${chosen.map((scope) => `--${scope}`).join(', ')}`);
  return chosen[0] ?? 'user';
};

/** One client in one scope on one disk. */
class Setup {
  readonly #call: Invocation<SetupOptions>;
  readonly #client: ClientName;
  readonly #scope: Scope;
  readonly #disk: Disk;
  readonly #record: SetupRecord;

  constructor(call: Invocation<SetupOptions>, client: ClientName) {
    this.#call = call;
    this.#client = client;
    this.#scope = scopeOf(call.options);
    this.#disk = new Disk(call.options.root);
    const { file, others } = recordsOf(client, this.#scope, this.#places);
    this.#record = new SetupRecord(this.#disk, file, others);
  }

  get #places() {
    const { world, options } = this.#call;
    return placesOf(this.#client, this.#scope, {
      env: world.env,
      platform: options.platform,
      directory: process.cwd(),
    });
  }

  async make(): Promise<number> {
    const changes = await this.#changes();
    if (!changes.some(isChange)) return this.#done('nothing to do: it is set up already', changes);
    if (!(await this.#agreed(changes, 'Write this?'))) return this.#done('nothing was written', []);
    this.#record.keep(changes);
    for (const change of changes.filter(isChange)) this.#disk.put(change);
    return this.#done(
      `${this.#client} is set up; sallyport doctor says whether everything works, --undo takes it back`,
      changes,
    );
  }

  async undo(): Promise<number> {
    if (!this.#record.isThere)
      throw new GatewayError('NOT_FOUND', `${this.#client} was not set up here by ${this.#scope} settings`, {
        hint: 'choose --managed, --user or --project as it was set up',
      });
    const changes = this.#record.undoing(this.#call.options.force ?? false);
    if (!(await this.#agreed(changes, 'Take this back?'))) return this.#done('nothing was taken back', []);
    for (const change of changes) this.#disk.put(change);
    this.#record.forget();
    return this.#done('everything is as it was before', changes);
  }

  async #changes(): Promise<Change[]> {
    const { api, options, world } = this.#call;
    const protocol = this.#client === 'codex' ? 'openai' : 'anthropic';
    const gateway = await modelGateway(api, protocol, options, world.env);
    const plan = planOf(
      { client: this.#client, scope: this.#scope, places: this.#places, url: api.url },
      gateway,
      { strict: options.strict ?? false, carry: options.carry ?? true, force: options.force ?? false },
      { disk: this.#disk, program: world.program, platform: options.platform, trusted: this.#trusted() },
    );
    return plan.map((wanted) => this.#disk.changeOf(wanted));
  }

  #trusted(): string {
    const file = this.#call.world.env['NODE_EXTRA_CA_CERTS'];
    return (file && this.#disk.read(file)?.toString()) || '';
  }

  async #agreed(changes: readonly Change[], question: string): Promise<boolean> {
    const { options, world } = this.#call;
    if (!options.json) for (const change of changes.filter(isChange)) world.out(`${diffOf(change)}\n`);
    if (options.dryRun) return false;
    return options.yes || confirmed(world, question);
  }

  #done(text: string, changes: readonly Change[]): number {
    const files = changes.filter(isChange).map(({ path }) => path);
    this.#call.show({ client: this.#client, scope: this.#scope, files, result: text }, () => `${text}\n`);
    return 0;
  }
}

export const addSetup = (program: Command): void => {
  command(
    program,
    'setup <client>',
    'have an AI client use the gateway: shows what it will write, asks, and can take it back (claude-code, codex)',
    async (call: Invocation<SetupOptions>, name = '') => {
      const setup = new Setup(call, clientOf(name));
      return call.options.undo ? setup.undo() : setup.make();
    },
  )
    .option('--managed', 'for everybody on this machine; nobody can switch it off (as an administrator)')
    .option('--user', 'for yourself; what is meant when none is said')
    .option('--project', 'for yourself in this folder')
    .option('--connection <name>', 'of the model; the only one when left out')
    .option('--base-url <url>', 'without a login: the gateway’s listener for the model, as https://host:port')
    .option('--ca-file <file>', 'without a login: the gateway’s CA certificate')
    .option('--strict', 'refuse prompts and tool calls while the control plane cannot be told of them')
    .option('--no-carry', 'of Codex: leave commands as they are')
    .option('--force', 'replace what there can be only one of; with --undo: lose what was changed since')
    .option('--undo', 'have everything as it was before')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--yes', 'do not ask')
    .option('--root <folder>', 'write below this folder, as into an image')
    .option('--platform <name>', 'of the machine that is set up: linux, darwin or win32', process.platform)
    .addHelpText(
      'after',
      '\nExamples:\n  sallyport setup claude-code\n  sudo sallyport setup claude-code --managed --connection claude --base-url https://gate.example.com:7445 --ca-file ca.pem\n  sallyport setup claude-code --undo\n  sudo sallyport setup codex --managed',
    );
};

import { Command } from 'commander';
import { apiUrl, HttpApi } from './api.js';
import { safeJson } from './plain-text.js';

/** What a command is given of the world, so that tests can give another one. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard input; the process's own where left out. */
  readonly input?: AsyncIterable<Uint8Array | string>;
  /** How this program is run again by one that it configures: a file to run and what comes before its arguments. */
  readonly program: readonly string[];
}

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
}

/** One command's run: its options as parsed, the API, and how to answer. */
export class Invocation<Options extends object = object> {
  readonly options: Options & GlobalOptions;
  readonly args: readonly string[];
  readonly world: World;
  #api: HttpApi | undefined;

  constructor(command: Command, world: World) {
    this.options = command.optsWithGlobals<Options & GlobalOptions>();
    this.args = command.args;
    this.world = world;
  }

  get api(): HttpApi {
    this.#api ??= new HttpApi(apiUrl(this.options.url, this.world.env), this.world.env);
    return this.#api;
  }

  /** Answers with the value as it came for programs, with the text for people. */
  show(value: unknown, text: () => string): void {
    this.world.out(this.options.json ? `${safeJson(value)}\n` : text());
  }

  /** Told to people only; programs read standard output. */
  say(text: string): void {
    this.world.err(`${text}\n`);
  }
}

/** Adds what every command has, and runs it with its own invocation. A number that it returns is the exit status. */
export const command = <Options extends object = object>(
  parent: Command,
  usage: string,
  description: string,
  run: (call: Invocation<Options>, ...args: string[]) => Promise<unknown>,
): Command => {
  const made = parent.command(usage).description(description);
  made.option('--json', 'answer in JSON').option('--url <url>', 'the control plane (SALLYPORT_URL)');
  made.action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const positional = self.processedArgs.flat().filter((argument): argument is string => typeof argument === 'string');
    const status = await run(new Invocation<Options>(self, worldOf(self)), ...positional);
    if (typeof status === 'number') statuses.set(rootOf(self), status);
  });
  return made;
};

const worlds = new WeakMap<Command, World>();
const statuses = new WeakMap<Command, number>();

const rootOf = (of: Command): Command => (of.parent ? rootOf(of.parent) : of);
const worldOf = (of: Command): World => worlds.get(rootOf(of))!;

export const inWorld = (root: Command, world: World): Command => {
  worlds.set(root, world);
  return root;
};

/** The exit status that the command asked for; 0 where it asked for none. */
export const statusOf = (root: Command): number => statuses.get(root) ?? 0;

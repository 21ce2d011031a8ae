import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import { readIfThere, writePrivate } from '../config-directory.js';
import type { Ticket } from '../ticket.js';
import type { Call } from './caller.js';

const prefix = 'sallyport-call-';
const own = new RegExp(`^${prefix}(\\d+)-`);

/** In memory where the system has such a place for each person, else where everybody's scratch is. */
const placeFor = (env: NodeJS.ProcessEnv): string => {
  const runtime = env['XDG_RUNTIME_DIR'];
  return runtime && statSync(runtime, { throwIfNoEntry: false })?.isDirectory() ? runtime : tmpdir();
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** What earlier calls have left that were killed before they could clear up. */
const sweep = (place: string): void => {
  for (const name of readdirSync(place)) {
    const pid = Number(own.exec(name)?.[1] ?? process.pid);
    const directory = path.join(place, name);
    if (!isRunning(pid) && statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.())
      rmSync(directory, { recursive: true, force: true });
  }
};

/** The files of one tool call, for their owner only; gone with it. */
export class CallDirectory {
  readonly path: string;

  constructor(directory: string) {
    this.path = directory;
  }

  static make(env: NodeJS.ProcessEnv): CallDirectory {
    const place = placeFor(env);
    sweep(place);
    return new CallDirectory(mkdtempSync(path.join(place, `${prefix}${process.pid}-`)));
  }

  /** @returns the file's path */
  write(name: string, text: string): string {
    const file = path.join(this.path, name);
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
    return file;
  }

  keepCall(call: Call): void {
    this.write('call.json', JSON.stringify(call));
  }

  /** @throws SESSION_ENDED where the tool call is over */
  get call(): Call {
    const text = readIfThere(path.join(this.path, 'call.json'));
    if (text !== undefined) return JSON.parse(text) as Call;
    throw new GatewayError('SESSION_ENDED', 'the tool call that this was for has ended', {
      hint: 'run it in a tool call of its own, or use sallyport connect',
    });
  }

  keepTicket(ticket: Ticket): void {
    writePrivate(this.#ticketFile(ticket.connection), JSON.stringify(ticket));
  }

  ticket(connection: string): Ticket | undefined {
    const text = readIfThere(this.#ticketFile(connection));
    return text === undefined ? undefined : (JSON.parse(text) as Ticket);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #ticketFile(connection: string): string {
    return path.join(this.path, `ticket-${connection}.json`);
  }
}

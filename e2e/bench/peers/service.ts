import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../../testing/installation.js';

/** A peer's process, with the end of what it has said. */
export class Service {
  readonly child: ChildProcess;
  #said = '';

  constructor(
    readonly name: string,
    program: string,
    args: readonly string[],
  ) {
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '' } });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-4_000);
      });
    this.child.on('error', (error) => {
      this.#said += error.message;
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  async listensOn(port: number): Promise<void> {
    await until(`${this.name} listens`, async () => {
      if (!this.running) throw new Error(`${this.name} has ended: ${this.#said}`);
      return accepts(port);
    }).catch((cause: unknown) => {
      throw new Error(`${this.name} did not start: ${this.#said}`, { cause });
    });
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(late);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

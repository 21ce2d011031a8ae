import path from 'node:path';
import { configDirectory, readIfThere, withLock, writePrivate } from './config-directory.js';

/** A login at one control plane. Times in milliseconds since 1970. */
export interface Login {
  readonly issuer: string;
  readonly client_id: string;
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly expires_at: number;
}

interface Stored {
  /** The control plane that the last login was for. */
  readonly current?: string;
  readonly logins: Readonly<Record<string, Login>>;
}

/** The file of logins, one for each control plane; readable by its owner only. */
export class Credentials {
  readonly #file: string;

  constructor(env: NodeJS.ProcessEnv) {
    this.#file = path.join(configDirectory(env), 'credentials.json');
  }

  get current(): string | undefined {
    return this.#read().current;
  }

  of(url: string): Login | undefined {
    return this.#read().logins[url];
  }

  keep(url: string, login: Login): void {
    this.#write({ current: url, logins: { ...this.#read().logins, [url]: login } });
  }

  forget(url: string): void {
    const { [url]: _, ...logins } = this.#read().logins;
    this.#write({ ...this.#read(), logins });
  }

  /** @param work gets the login as it is once no other process is changing it · @param waitMs for other processes at most */
  exclusively<T>(url: string, work: (login: Login | undefined) => Promise<T>, waitMs?: number): Promise<T> {
    return withLock(`${this.#file}.lock`, () => work(this.of(url)), waitMs);
  }

  #read(): Stored {
    const text = readIfThere(this.#file);
    if (text === undefined) return { logins: {} };
    try {
      const { current, logins } = JSON.parse(text) as Partial<Stored>;
      return { ...(current === undefined ? {} : { current }), logins: logins ?? {} };
    } catch {
      return { logins: {} }; // half a file of an older version is a login that is gone: log in again
    }
  }

  #write(stored: Stored): void {
    writePrivate(this.#file, `${JSON.stringify(stored, null, 2)}\n`);
  }
}

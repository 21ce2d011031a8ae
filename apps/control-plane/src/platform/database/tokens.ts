import pg from 'pg';

/** Connections as `sallyport_recorder`: may insert and read evidence, may not change it. */
export class RecorderPool extends pg.Pool {}

/** Connections as `sallyport_keys`: the only role that reads and destroys session keys. */
export class KeysPool extends pg.Pool {}

/** Where the store is, once it is up and migrated. */
export class DatabaseServer {
  constructor(
    readonly url: string,
    /** Stops an embedded server; nothing for any other. Called after everything that uses it has closed. */
    readonly stop: () => Promise<void>,
  ) {}
}

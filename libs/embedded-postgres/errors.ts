export type EmbeddedPostgresCode =
  | 'UNSUPPORTED_PLATFORM'
  | 'BINARIES_UNUSABLE'
  | 'NOT_PERMITTED'
  | 'DISK_FULL'
  | 'PORT_IN_USE'
  | 'IN_USE'
  | 'INCOMPATIBLE_DATA'
  | 'TIMED_OUT'
  | 'FAILED';

/** Shaped as GatewayError is (message in lower case, one hint), without its import: this library stands below the vocabulary. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresCode;
  readonly hint: string;

  constructor(code: EmbeddedPostgresCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EmbeddedPostgresError';
    this.code = code;
    this.hint = hint;
  }
}

interface Symptom {
  readonly code: EmbeddedPostgresCode;
  readonly shows: RegExp;
  readonly message: string;
  readonly hint: string;
}

// What initdb and postgres print in the C locale, most specific first: the first that matches names the trouble.
const symptoms: readonly Symptom[] = [
  {
    code: 'DISK_FULL',
    shows: /could not (?:create|resize|map) (?:anonymous )?shared memory.*(?:No space left|Cannot allocate)/i,
    message: 'PostgreSQL found no shared memory',
    hint: 'free memory, or give the container a larger /dev/shm',
  },
  {
    code: 'DISK_FULL',
    shows: /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT/i,
    message: 'the disk is full',
    hint: 'free some space (a new cluster needs about 100 MB) and start again',
  },
  {
    code: 'PORT_IN_USE',
    shows: /could not bind .*Address already in use|could not create any TCP\/IP sockets/is,
    message: 'the port is in use',
    hint: 'stop what listens there, or choose another port',
  },
  {
    code: 'IN_USE',
    shows: /lock file "postmaster\.pid" already exists/i,
    message: 'another PostgreSQL runs on this data directory',
    hint: 'stop that server first',
  },
  {
    code: 'INCOMPATIBLE_DATA',
    shows: /database files are incompatible with server/i,
    message: 'the data directory was made by another version of PostgreSQL',
    hint: 'move the directory away, or dump it with the old version and load it into the new one',
  },
  {
    code: 'NOT_PERMITTED',
    shows: /could not look up effective user ID|local user with ID \d+ does not exist/i,
    message: 'the operating system has no name for the user that runs PostgreSQL',
    hint: 'run as a user that has an entry in /etc/passwd',
  },
  {
    code: 'NOT_PERMITTED',
    shows: /Permission denied|EACCES|EPERM|Operation not permitted|Read-only file system|EROFS/i,
    message: 'PostgreSQL may not use its data directory',
    hint: 'give the directory to the user that runs PostgreSQL (mode 0700), or choose another one',
  },
];

/** @param text what the program printed; @returns the trouble it names, or the text's last lines as they are */
export const failureOf = (what: string, text: string, cause?: unknown): EmbeddedPostgresError => {
  const found = symptoms.find(({ shows }) => shows.test(text));
  if (found) return new EmbeddedPostgresError(found.code, `${what}: ${found.message}`, found.hint, cause);
  const tail = text.trim().split('\n').slice(-5).join(' | ').slice(-600);
  return new EmbeddedPostgresError(
    'FAILED',
    `${what}: ${tail || 'no reason was printed'}`,
    'look at server.log in the data directory',
    cause,
  );
};

/** The same, for what a file-system call threw. */
export const fileFailure = (what: string, error: unknown): EmbeddedPostgresError =>
  error instanceof EmbeddedPostgresError
    ? error
    : failureOf(what, error instanceof Error ? error.message : String(error), error);

/** Connection exceptions, insufficient resources (disk full, too many connections), a server that stops or starts. */
const sqlStates = /^(08[0-9A-Z]{3}|53[0-9A-Z]{3}|57P0[1-5])$/;
const systemCodes: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT']);
/** What the driver says without a code. */
const driverTexts =
  /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** Whether this is the database that cannot be used right now, and no fault of what was asked of it. */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return sqlStates.test(code) || ('syscall' in error && systemCodes.has(code));
  return driverTexts.test(error.message);
}

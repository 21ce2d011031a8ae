/** Cases that fail today, each with its reason. The list may only shrink. */
export const knownFailures: ReadonlyMap<string, string> = new Map([]);

import { setFlagsFromString } from 'node:v8';

/** How much of what is alive may come anew, in percent, before V8 looks through all of it again. */
const growthPercent = 200;

/**
 * For processes that pass bytes on: V8 counts the buffers that they arrive in as heap, and would look through the whole
 * heap for every few megabytes that pass, at up to half of the process's CPU. To be called once everything stands.
 */
export const expectPassingBytes = (): void => setFlagsFromString(`--heap-growing-percent=${growthPercent}`);

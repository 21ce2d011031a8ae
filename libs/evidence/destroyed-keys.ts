import type { KeyDestroyed } from './event-bodies.js';

/** Every key that an entry tells the end of. */
export const destroyedIn = ({ key, further = [] }: KeyDestroyed): readonly string[] => [key, ...further];

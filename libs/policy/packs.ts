import { awsPacks } from './packs/aws.js';
import type { PolicyPack } from './packs/pack.js';
import { postgresPacks } from './packs/postgres.js';

export type { PolicyPack } from './packs/pack.js';

/** None of them permits an operation with risk `unknown` without a review. */
export const packs: readonly PolicyPack[] = [...postgresPacks, ...awsPacks];

import { GatewayError } from '@sallyport/core';
import { awsPacks } from './packs/aws.js';
import { modelPacks } from './packs/model.js';
import type { PolicyPack } from './packs/pack.js';
import { postgresPacks } from './packs/postgres.js';

export type { PolicyPack } from './packs/pack.js';

/** None of them permits an operation with risk `unknown` without a review. */
export const packs: readonly PolicyPack[] = [...postgresPacks, ...awsPacks, ...modelPacks];

const idsOf = (text: string): string[] => [...text.matchAll(/^@id\("([^"]+)"\)/gm)].map(([, id]) => id!);

/**
 * Several packs as one text: at most one for each protocol, because those of one protocol share ids.
 * @throws GatewayError INVALID_INPUT for a name that no pack has, and for packs that do not go together
 */
export function packsTogether(names: readonly string[]): string {
  const texts = names.map((name) => packNamed(name).text);
  const ids = texts.flatMap(idsOf);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice === undefined) return texts.join('\n');
  throw new GatewayError(
    'INVALID_INPUT',
    `packs ${names.join(', ')} do not go together: both have a policy "${twice}"`,
    {
      hint: 'name one pack for each protocol',
    },
  );
}

function packNamed(name: string): PolicyPack {
  const pack = packs.find((each) => each.name === name);
  if (pack !== undefined) return pack;
  throw new GatewayError('INVALID_INPUT', `"${name}" is no policy pack`, {
    hint: `packs are ${packs.map((each) => each.name).join(', ')}`,
  });
}

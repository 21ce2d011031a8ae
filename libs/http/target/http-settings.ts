/** What every target behind HTTP may say in the agent's configuration file. */
import { readFileSync } from 'node:fs';
import { SettingFields } from './setting-fields.js';

/** In milliseconds. */
export interface Deadlines {
  readonly connect: number;
  /** From the whole request to the head of its answer: Lambda takes up to 15 minutes. */
  readonly answer: number;
  /** Between two pieces of a body, either way. */
  readonly idle: number;
  readonly total: number;
}

/** The authority of a private target, in PEM, trusted beside those that Node knows. */
export function readTls(fields: SettingFields): { readonly ca?: string } {
  const tls = fields.section('tls');
  tls?.only(new Set(['ca_file']));
  const path = tls?.text('ca_file');
  if (path === undefined) return {};
  try {
    return { ca: readFileSync(path, 'utf8') };
  } catch (error) {
    fields.mistake('tls.ca_file', `"${path}": ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
    return {};
  }
}

/** @param usual in seconds */
export function readDeadlines(fields: SettingFields, usual: Deadlines): Deadlines {
  const section = fields.section('deadlines') ?? new SettingFields('deadlines', {}, []);
  section.only(new Set(['connect', 'answer', 'idle', 'total']));
  const milliseconds = (name: keyof Deadlines) =>
    1_000 * section.number(name, { otherwise: usual[name], least: 1, most: 86_400 });
  return {
    connect: milliseconds('connect'),
    answer: milliseconds('answer'),
    idle: milliseconds('idle'),
    total: milliseconds('total'),
  };
}

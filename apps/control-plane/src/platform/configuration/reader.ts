import { readFileSync } from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;
type ReadText = (path: string) => string;

/** Reads settings one by one and keeps every mistake, so that all of them can be named at once. */
export class SettingsReader {
  readonly mistakes: string[] = [];

  constructor(
    private readonly environment: Environment,
    private readonly readText: ReadText = (path) => readFileSync(path, 'utf8'),
  ) {}

  mistake(name: string, problem: string): void {
    this.mistakes.push(`${name} ${problem}`);
  }

  /** An empty value counts as absent: compose files and shells write `NAME=`. */
  optional(name: string): string | undefined {
    const value = this.environment[name]?.trim();
    return value === '' ? undefined : value;
  }

  text(name: string, fallback: string): string {
    return this.optional(name) ?? fallback;
  }

  required(name: string, why: string): string {
    const value = this.optional(name);
    if (value === undefined) this.mistake(name, `is missing: ${why}`);
    return value ?? '';
  }

  list(name: string, fallback: readonly string[] = []): readonly string[] {
    const value = this.optional(name);
    if (value === undefined) return fallback;
    return [...new Set(value.split(',').map((part) => part.trim()))].filter((part) => part !== '');
  }

  flag(name: string): boolean {
    const value = this.text(name, '0').toLowerCase();
    if (['1', 'true', 'yes'].includes(value)) return true;
    if (!['0', 'false', 'no'].includes(value)) this.mistake(name, `must be 1 or 0, not "${value}"`);
    return false;
  }

  integer(name: string, { fallback, least, most }: { fallback: number; least: number; most: number }): number {
    return this.optionalInteger(name, { least, most }) ?? fallback;
  }

  /** @returns undefined where it is absent, and where it is a mistake */
  optionalInteger(name: string, { least, most }: { least: number; most: number }): number | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d{1,12}$/.test(text) && value >= least && value <= most) return value;
    this.mistake(name, `must be a whole number from ${least} to ${most}, not "${text}"`);
    return undefined;
  }

  choice<const T extends string>(name: string, all: readonly T[], fallback: T): T {
    const text = this.text(name, fallback);
    const found = all.find((one) => one === text);
    if (found === undefined) this.mistake(name, `must be one of ${all.join(', ')}, not "${text}"`);
    return found ?? fallback;
  }

  /** NAME, or the content of the file that NAME_FILE names; both at once is a mistake. Never repeated in a message. */
  secret(name: string): string | undefined {
    const file = this.optional(`${name}_FILE`);
    const value = this.optional(name);
    if (file === undefined) return value;
    if (value !== undefined) this.mistake(name, `and ${name}_FILE are both set: keep one`);
    try {
      return this.readText(file).trim();
    } catch {
      this.mistake(`${name}_FILE`, `names "${file}", which cannot be read`);
      return undefined;
    }
  }
}

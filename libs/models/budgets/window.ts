/** How long a budget counts before it begins anew. In UTC, so that every replica agrees. */

export const budgetWindows = ['hour', 'day', 'week', 'month', 'ai-session'] as const;
/** `ai-session`: as long as the AI session lasts; it never begins anew. */
export type BudgetWindow = (typeof budgetWindows)[number];

/** Where the time that counts began. Weeks begin on Monday, as ISO 8601 has it. */
export const windowStart = (window: BudgetWindow, at: Date): Date => {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  switch (window) {
    case 'hour':
      return new Date(Date.UTC(year, month, day, at.getUTCHours()));
    case 'day':
      return new Date(Date.UTC(year, month, day));
    case 'week':
      return new Date(Date.UTC(year, month, day - ((at.getUTCDay() + 6) % 7)));
    case 'month':
      return new Date(Date.UTC(year, month, 1));
    case 'ai-session':
      return new Date(0);
  }
};

/** @returns when it begins anew; undefined where it never does */
export const windowEnd = (window: BudgetWindow, at: Date): Date | undefined => {
  if (window === 'ai-session') return undefined;
  const start = windowStart(window, at);
  if (window === 'month') return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
  return new Date(start.getTime() + lengths[window]);
};

const hourMs = 3_600_000;
const lengths = { hour: hourMs, day: 24 * hourMs, week: 7 * 24 * hourMs } as const;

import type { Command } from 'commander';
import { command, type Invocation } from '../cli.js';
import { amount, integer, without } from '../options.js';
import { table } from '../table.js';

interface Price {
  readonly pattern: string;
  readonly over_tokens: number;
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
}

interface Prices {
  readonly version: number;
  readonly list_prices_of: string;
  readonly items: readonly (Price & { readonly source: 'list' | 'installation' })[];
}

interface SetOptions {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly over: number;
  readonly remove?: boolean;
}

const path = '/v1/model-prices';

export const addModelPrices = (program: Command): void => {
  const group = program.command('model-prices').description('what models cost: US dollars for a million tokens');
  command(group, 'list', 'list prices, and over them your own', async (call) => {
    const prices = await call.api.get<Prices>(path);
    call.show(prices, () => table(prices.items, columns));
    if (!call.options.json) call.say(`list prices of ${prices.list_prices_of}: check them`);
  });
  command(group, 'set <pattern>', 'set your own, for a model or for all whose names begin so (admin)', setPrice)
    .option('--input <usd>', 'for a million tokens that are read afresh', amount)
    .option('--output <usd>', 'for a million tokens that the model writes', amount)
    .option('--cache-read <usd>', 'for a million tokens from a cache (as --input)', amount)
    .option('--cache-write <usd>', 'for a million tokens into a cache (as --input)', amount)
    .option('--over <tokens>', 'for prompts with more tokens than this only', integer, 0)
    .option('--remove', 'take your own away: the list price holds again');
};

const setPrice = async (call: Invocation<SetOptions>, pattern = ''): Promise<void> => {
  const before = await call.api.get<Prices>(path);
  const own = before.items.filter(({ source }) => source === 'installation').map(({ source: _, ...price }) => price);
  const { over, remove, input, output, cacheRead, cacheWrite } = call.options;
  const others = own.filter((one) => one.pattern !== pattern || (!remove && one.over_tokens !== over));
  const price = {
    pattern,
    over_tokens: over,
    ...without({ input, output, cache_read: cacheRead ?? input, cache_write: cacheWrite ?? input }),
  };
  const after = await call.api.send<Prices>('PUT', path, {
    prices: remove ? others : [...others, price],
    expected_version: before.version,
  });
  const shown = after.items.filter((one) => one.pattern === pattern);
  call.show(after, () => table(shown, columns));
};

const columns: Readonly<Record<string, (price: Prices['items'][number]) => unknown>> = {
  pattern: (p) => p.pattern,
  over: (p) => (p.over_tokens === 0 ? '' : p.over_tokens),
  input: (p) => p.input,
  output: (p) => p.output,
  'cache read': (p) => p.cache_read,
  'cache write': (p) => p.cache_write,
  from: (p) => p.source,
};

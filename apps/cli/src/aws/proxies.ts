/** Both spellings: Python takes the lower one first, others know only the upper. */
const both = (name: string, value: string): Record<string, string> => ({
  [name.toUpperCase()]: value,
  [name.toLowerCase()]: value,
});

const given = (name: string, env: NodeJS.ProcessEnv): string =>
  env[name.toLowerCase()] || env[name.toUpperCase()] || '';

/**
 * The gateway as the proxy of everything but what a ticket comes from. What was excepted before is not: an entry as
 * `amazonaws.com` would lead past the gateway.
 */
export const through = (proxy: string, controlPlane: string): Record<string, string> => ({
  ...both('https_proxy', proxy),
  ...both('no_proxy', [...new Set([controlPlane.replace(/^\[|\]$/g, ''), 'localhost', '127.0.0.1', '::1'])].join(',')),
});

/** The gateway is reached as its control plane is: directly, also where there is a proxy for the rest. */
export const awayFrom = (host: string, env: NodeJS.ProcessEnv): Record<string, string> => {
  if (!['https_proxy', 'all_proxy'].some((name) => given(name, env))) return {};
  const excepted = given('no_proxy', env).split(',').filter(Boolean);
  return both('no_proxy', [...new Set([...excepted, host])].join(','));
};

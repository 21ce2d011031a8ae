/**
 * Tools whose answers are what others wrote: pages, search results, whatever an MCP server sends. After one of them a turn
 * may follow instructions that are not its person's. What a shell command fetches cannot be told by its name, and is not
 * in this list.
 */
const outside: readonly RegExp[] = [
  /^(WebFetch|WebSearch)$/, // Claude Code
  /^(ListMcpResources|ReadMcpResource)(Tool)?$/,
  /^mcp__|\w__\w/, // a tool of an MCP server: mcp__server__tool, or server__tool
  /^(web_search|web_fetch|google_search|url_context)(_\w+)?$/i, // run by the provider of the model
  /^(browser|computer|playwright|puppeteer|chrome)(_\w+)?$/i, // a browser or a screen
];

export const readsOutsideContent = (tool: string): boolean => outside.some((pattern) => pattern.test(tool));

/** What this gateway knows of the Messages API: members, blocks, tools. What it does not know is flagged. */

export const knownMembers: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'tools', 'tool_choice', 'metadata', 'max_tokens', 'stream', 'stop_sequences'],
  ...['temperature', 'top_p', 'top_k', 'thinking', 'service_tier', 'container', 'mcp_servers', 'context_management'],
  ...[
    'output_config',
    'output_format',
    'cache_control',
    'inference_geo',
    'speed',
    'anthropic_version',
    'anthropic_beta',
  ],
]);

const events: ReadonlySet<string> = new Set([
  ...['message_start', 'message_delta', 'message_stop', 'ping', 'error'],
  ...['content_block_start', 'content_block_delta', 'content_block_stop'],
]);
export const isKnownEvent = (type: string): boolean => events.has(type);

/** Blocks that are nothing but text, or that are looked at one by one. */
const plainBlocks = [
  ...['text', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result', 'search_result', 'tool_reference'],
  ...['server_tool_use', 'mcp_tool_use', 'compaction', 'container_upload'],
];
const providerResult =
  /^(web_search|web_fetch|code_execution|bash_code_execution|text_editor_code_execution|tool_search|mcp)_tool_result$/;

export const mediaBlocks: ReadonlySet<string> = new Set(['image', 'document', 'audio', 'video']);

export const isKnownBlock = (type: string): boolean =>
  plainBlocks.includes(type) || mediaBlocks.has(type) || providerResult.test(type);

/** Of the model's own: changed by nobody, or the provider refuses the conversation. */
export const sealedBlocks: ReadonlySet<string> = new Set(['thinking', 'redacted_thinking', 'compaction']);

/** The provider runs it itself. Whatever else calls something is taken for a call that the client would run. */
export const isProviderCall = (type: string): boolean => type === 'server_tool_use' || type === 'mcp_tool_use';
export const isResultBlock = (type: string): boolean => type.endsWith('_tool_result');

const clientTool = /^(custom|(bash|text_editor|computer|memory)_\d{8})?$/;

/** Its type is one that the client runs; one that nobody knows is taken for the provider's. */
export const isClientTool = (type: string): boolean => clientTool.test(type);

const withoutDate = (type: string): string => type.replace(/_\d{8}$/, '');

/** @param serverTools types of the tools that were offered */
export const isDeclaredServerTool = (name: string, serverTools: readonly string[]): boolean =>
  serverTools.map(withoutDate).some((offered) => {
    // One tool for running code is called by several names, and searching runs code to filter what it found.
    if (name.endsWith('code_execution')) return /^(code_execution|web_search|web_fetch)$/.test(offered);
    return offered === name;
  });

import type { PolicyPack } from './pack.js';

const request = (head: string, rest: string): string =>
  `${head}(principal, action == Sallyport::Action::"model.request", resource)\n${rest};\n`;
const toolCall = (head: string, rest: string): string =>
  `${head}(principal, action == Sallyport::Action::"model.tool_call", resource)\n${rest};\n`;

const entry = `// Everybody with a valid ticket may open a session on a connection to a model. To name groups instead, write for example
//   permit(principal in Sallyport::Group::"engineers", action == Sallyport::Action::"session.connect", resource)
@id("model-connect")
permit(principal, action == Sallyport::Action::"session.connect", resource)
when { resource.protocol == "anthropic" || resource.protocol == "openai" };
`;

/** What the provider would do by itself, where neither gate sees it, and what leaves by another way than the request. */
const outOfSight = `// The provider would fetch, call, run or keep something by itself, where neither gate sees it.
@id("model-no-remote-sources")
@message("the provider would fetch this from an address, and what is in an address leaves with it: put the content into the request itself")
${request('forbid', 'when { context.flags.contains("remote-source") }')}
@id("model-no-provider-mcp")
@message("the provider would call MCP servers by itself: connect them to your own client")
${request('forbid', 'when { context.flags.contains("mcp-servers") }')}
@id("model-no-containers")
@message("the provider would run code in a container of its own: let your own client run it")
${request('forbid', 'when { context.flags.contains("container") }')}
@id("model-nothing-kept")
@message("the provider would keep this or go on with it after the answer: leave out \\"background\\", set \\"store\\" to false, and send the whole conversation")
${request('forbid', 'when { context.flags.containsAny(["background", "stored-state"]) }')}
@id("model-no-files")
@message("this names a file that the provider keeps, and nobody can see what is in it: put the content into the request itself")
${request('forbid', 'when { context.flags.contains("file-reference") }')}
@id("model-only-known-requests")
@message("the gateway does not know this request: use the API’s own SDKs for messages, responses and chat completions")
${request('forbid', 'when { context.flags.contains("not-understood") || context.risk == "unknown" }')}`;

const tools = `// Tools that the client offers it runs itself, and what they do is decided again where they do it.
@id("model-tools")
${toolCall('permit', 'when { context.declared && (context.risk == "read" || context.risk == "write") }')}
@id("model-provider-tools")
${toolCall('permit', 'when { context.by_provider && context.risk != "unknown" }')}
@id("model-only-offered-tools")
@message("the model has called a tool that was not offered to it")
${toolCall('forbid', 'unless { context.declared || context.by_provider }')}`;

const modelGuarded = `// model-guarded: people and their AI clients talk to the model and use the client's own tools; what the provider would do by
// itself is refused, or waits for a reviewer. The group that reviews is named in @review: change "reviewers" to one of yours.

${entry}
@id("model-chat")
${request('permit', 'when { context.risk == "read" }')}
@id("model-reviewed-provider-tools")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("the provider runs these tools by itself, a search of the web for example, and what the model asks of them leaves: so a reviewer must look at it")
${request('permit', 'when { context.flags.contains("server-tools") && context.risk == "write" }')}
${outOfSight}
${tools}`;

/** What Claude Code and the SDKs ask for that changes the answer's form or size, and makes nothing else happen. */
const harmlessBetas = [
  'claude-code-20250219',
  'interleaved-thinking-2025-05-14',
  'context-management-2025-06-27',
  'fine-grained-tool-streaming-2025-05-14',
  'token-efficient-tools-2025-02-19',
  'output-128k-2025-02-19',
  'context-1m-2025-08-07',
  'prompt-caching-2024-07-31',
  'prompt-caching-scope-2026-01-05',
  'extended-cache-ttl-2025-04-11',
  'token-counting-2024-11-01',
  'structured-outputs-2025-11-13',
  'effort-2025-11-24',
  'advanced-tool-use-2025-11-20',
  'thinking-token-count-2026-05-13',
  'per-turn-control-2026-07-01',
  'mid-conversation-tool-changes-2026-07-01',
];

const modelStrict = `// model-strict: text and the client's own tools, and nothing that the gateway does not know. Newer clients may need newer lines here.

${entry}
@id("model-chat")
${request('permit', 'when { context.risk == "read" }')}
@id("model-no-provider-tools")
@message("the provider would run these tools by itself: use the client’s own")
${request('forbid', 'when { context.flags.contains("server-tools") }')}
@id("model-known-members")
@message("the request has members or content that the gateway does not know: leave them out (of Bedrock use Converse), or ask an administrator")
${request('forbid', 'when { context.flags.containsAny(["unknown-members", "unknown-blocks", "unknown-shape"]) }')}
@id("model-listed-betas")
@message("the request asks for a beta that is not on the list of this policy: switch it off in the client, or ask an administrator to add it")
${request('forbid', `unless { [${harmlessBetas.map((beta) => `\n  "${beta}"`).join(',')}\n].containsAll(context.betas) }`)}
@id("model-text-only")
@message("text in images, documents and sound cannot be looked at: send text")
${request('forbid', 'unless { context.media.isEmpty() }')}
${outOfSight}
${tools}`;

export const modelPacks: readonly PolicyPack[] = [
  {
    name: 'model-guarded',
    title:
      'Models: conversations and the client’s own tools; what the provider would do by itself is refused or reviewed',
    text: modelGuarded,
  },
  {
    name: 'model-strict',
    title: 'Models: text and the client’s own tools, and nothing that the gateway does not know',
    text: modelStrict,
  },
];

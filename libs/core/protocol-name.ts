export const protocolNames = ['postgres', 'mysql', 'aws', 'http', 'kubernetes', 'ssh', 'mcp', 'llm'] as const;
export type ProtocolName = (typeof protocolNames)[number];

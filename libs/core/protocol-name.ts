export const protocolNames = [
  'postgres',
  'mysql',
  'aws',
  'http',
  'kubernetes',
  'ssh',
  'mcp',
  'anthropic',
  'openai',
] as const;
export type ProtocolName = (typeof protocolNames)[number];

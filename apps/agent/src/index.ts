export { type AgentOptions, type RunningAgent, startAgent } from './agent.js';
export { type AgentConfig, parseConfig, readConfig } from './config/config.js';
export { createLog, type Log } from './log.js';

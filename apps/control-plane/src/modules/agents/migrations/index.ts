export { Agents1795254240000 } from './1795254240000-agents.js';
export { AgentKeys1795254540000 } from './1795254540000-agent-keys.js';
export { SelfChecks1795254660000 } from './1795254660000-self-checks.js';

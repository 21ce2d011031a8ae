export { Agents1795254240000 } from './1795254240000-agents.js';

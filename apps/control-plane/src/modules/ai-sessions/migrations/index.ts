export { AiSessions1795255500000 } from './1795255500000-ai-sessions.js';
export { HeardMessages1795255800000 } from './1795255800000-heard-messages.js';

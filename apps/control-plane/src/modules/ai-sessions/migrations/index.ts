export { AiSessions1795255500000 } from './1795255500000-ai-sessions.js';

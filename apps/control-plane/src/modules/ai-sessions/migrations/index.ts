export { AiSessions1795255500000 } from './1795255500000-ai-sessions.js';
export { HeardMessages1795255800000 } from './1795255800000-heard-messages.js';
export { ErasedTexts1795255874000 } from './1795255874000-erased-texts.js';

export { openaiChat } from './chat.js';
export { openaiResponses } from './responses.js';

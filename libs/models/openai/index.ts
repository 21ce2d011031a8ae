import type { ModelApi } from '../types.js';
import { openaiChat } from './chat.js';
import { openaiResponses } from './responses.js';

export { openaiChat, openaiResponses };

export const openaiApis: readonly ModelApi[] = [openaiResponses, openaiChat];

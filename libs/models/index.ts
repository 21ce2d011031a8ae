export { ConversationLedger } from './ledger.js';
export { longestPlaceholder, Placeholders } from './placeholders.js';
export * from './types.js';
